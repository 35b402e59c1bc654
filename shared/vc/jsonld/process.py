"""From local contexts to active contexts: JSON-LD 1.1 API, sections 4.1 and 4.2, over pinned contexts only."""

import re
from typing import Any

from shared.vc.budget import Budget
from shared.vc.contexts import ContextStore
from shared.vc.errors import InvalidContext, UnsupportedJsonLd, VcError
from shared.vc.jsonld.define import Definition
from shared.vc.jsonld.shapes import Key, Shape
from shared.vc.jsonld.terms import UNSET, ActiveContext, Term

# A context that names a context that names a context …: JSON-LD asks for a limit and leaves it to the implementation.
_MAX_REMOTE = 8
# Active contexts kept per store before it starts anew: honest documents meet a few dozen, and only ever new orders of
# contexts and nestings of scoped ones meet more. One takes some 20 kB.
_MAX_KEPT = 600
# Shapes kept per store, likewise: one for each property, class and place it was met at, half a kilobyte each.
_MAX_SHAPES = 4_000
_UNITS_PER_TERM = 5
_LANGUAGE = re.compile(r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*")


class Contexts:
    """Active contexts over one store, kept as they are met. Shared by all documents; safe to share by threads
    because entries are only ever added, and adding one twice is harmless.
    """

    def __init__(self, store: ContextStore) -> None:
        self.store = store
        self.initial = ActiveContext({})
        self._kept = 0
        self._shapes = 0

    @classmethod
    def over(cls, store: ContextStore) -> "Contexts":
        """The one instance that belongs to a store."""
        known = store.derived.get("jsonld")
        if not isinstance(known, cls):
            known = store.derived["jsonld"] = cls(store)
        return known

    def _keep(self, active: ActiveContext, key: Any, result: ActiveContext) -> ActiveContext:
        if active.pinned and result.pinned:
            if self._kept >= _MAX_KEPT:
                self._forget()
            self._kept += 1
            active.derived[key] = result
        return result

    def keep_shape(self, active: ActiveContext, key: Key, shape: Shape | None) -> None:
        """Keep the shape of nodes met in a pinned context; None says that they have none."""
        if self._shapes >= _MAX_SHAPES:
            self._forget()
        self._shapes += 1
        active.shapes[key] = shape

    def _forget(self) -> None:
        # All that is kept hangs on the initial context; documents under way hold what they need themselves.
        self.initial, self._kept, self._shapes = ActiveContext({}), 0, 0

    # --- the three ways into another context ----------------------------------------------------

    def for_local(self, active: ActiveContext, local: Any, budget: Budget) -> ActiveContext:
        """The context after an `@context` member of the document (an address, an object, null, or a list)."""
        items = local if isinstance(local, list) else [local]
        if not items:
            return active
        propagate = not isinstance(items[0], dict) or items[0].get("@propagate", True) is not False
        result = active
        if not propagate and active.previous is None:
            result = active.with_previous(active, pinned=False)
        for position, item in enumerate(items):
            try:
                if isinstance(item, str):
                    kept = result.derived.get(item)
                    result = kept or self._keep(
                        result, item, self._process(result, item, budget, pinned=True)
                    )
                else:
                    result = self._process(result, item, budget, pinned=False)
            except VcError as error:
                error.within(*(("@context", position) if isinstance(local, list) else ("@context",)))
                raise
        return result

    def for_property(self, active: ActiveContext, term: Term, budget: Budget) -> ActiveContext:
        """The context inside the value of a property whose term has a scoped context."""
        kept = active.derived.get(term)
        if kept is not None:
            return kept
        result = self._scoped(active, term, budget, override_protected=True, propagate=True)
        return self._keep(active, term, result)

    def for_type(self, active: ActiveContext, term: Term, budget: Budget) -> ActiveContext:
        """The context inside a node of a type whose term has a scoped context; it ends at the next node."""
        key = ("type", term)
        kept = active.derived.get(key)
        if kept is not None:
            return kept
        result = self._scoped(active, term, budget, override_protected=False, propagate=False)
        return self._keep(active, key, result)

    def _scoped(
        self, active: ActiveContext, term: Term, budget: Budget, *, override_protected: bool, propagate: bool
    ) -> ActiveContext:
        local = term.context
        items = local if isinstance(local, list) else [local]
        if items and isinstance(items[0], dict) and isinstance(items[0].get("@propagate"), bool):
            propagate = items[0]["@propagate"]
        result = active
        if not propagate and active.previous is None:
            result = active.with_previous(active, pinned=active.pinned)
        for item in items:
            # What a pinned context scopes is pinned, also where the document has contexts of its own around it.
            result = self._process(
                result, item, budget, pinned=not term.foreign, override_protected=override_protected
            )
        return result

    # --- one local context ----------------------------------------------------------------------

    def _process(
        self,
        active: ActiveContext,
        local: Any,
        budget: Budget,
        *,
        pinned: bool,
        override_protected: bool = False,
        remote: tuple[str, ...] = (),
    ) -> ActiveContext:
        if local is None:
            if active.has_protected and not override_protected:
                raise InvalidContext("context_nullification", "A null context may not drop protected terms.")
            return self.initial
        if isinstance(local, str):
            return self._remote(
                active, local, budget, pinned=pinned, override_protected=override_protected, remote=remote
            )
        if not isinstance(local, dict):
            raise InvalidContext("local_context", "A context is an address, an object or null.")
        return self._define(active, local, budget, pinned=pinned, override_protected=override_protected)

    def _remote(
        self,
        active: ActiveContext,
        url: str,
        budget: Budget,
        *,
        pinned: bool,
        override_protected: bool,
        remote: tuple[str, ...],
    ) -> ActiveContext:
        if url in remote or len(remote) >= _MAX_REMOTE:
            raise InvalidContext("context_overflow", "Contexts name one another without end.")
        local = self.store.get(url).document["@context"]
        for item in local if isinstance(local, list) else [local]:
            active = self._process(
                active,
                item,
                budget,
                pinned=pinned,
                override_protected=override_protected,
                remote=(*remote, url),
            )
        return active

    def _define(
        self,
        active: ActiveContext,
        local: dict[str, Any],
        budget: Budget,
        *,
        pinned: bool,
        override_protected: bool,
    ) -> ActiveContext:
        budget.spend(_UNITS_PER_TERM * len(local) + len(active.terms) // 10)
        local = self._with_import(local)
        if local.get("@version", 1.1) != 1.1:
            raise InvalidContext("version", "The context asks for another version than JSON-LD 1.1.")
        if not isinstance(local.get("@propagate", True), bool):
            raise InvalidContext("propagate", '"@propagate" is true or false.')
        if not isinstance(local.get("@protected", False), bool):
            raise InvalidContext("protected", '"@protected" is true or false.')
        if "@base" in local:
            raise UnsupportedJsonLd("base_unsupported", "Contexts with @base are not supported here.")
        definition = Definition(active, local, override_protected=override_protected, foreign=not pinned)
        return ActiveContext(
            definition.terms(),
            vocab=definition.vocab,
            language=_language(active, local),
            direction=_direction(active, local),
            previous=active.previous,
            pinned=active.pinned and pinned,
        )

    def _with_import(self, local: dict[str, Any]) -> dict[str, Any]:
        if "@import" not in local:
            return local
        url = local["@import"]
        if not isinstance(url, str):
            raise InvalidContext("import", '"@import" is an address.')
        imported = self.store.get(url).document["@context"]
        if not isinstance(imported, dict) or "@import" in imported:
            raise InvalidContext("import", "What is imported has to be one context without imports.")
        return {**imported, **{name: value for name, value in local.items() if name != "@import"}}


def _language(active: ActiveContext, local: dict[str, Any]) -> str | None:
    language = local.get("@language", UNSET)
    if language is UNSET:
        return active.language
    if language is None:
        return None
    if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
        raise InvalidContext("language", '"@language" is a language tag or null.')
    return language.lower()


def _direction(active: ActiveContext, local: dict[str, Any]) -> str | None:
    direction = local.get("@direction", UNSET)
    if direction is UNSET:
        return active.direction
    if direction not in ("ltr", "rtl", None):
        raise InvalidContext("direction", '"@direction" is "ltr", "rtl" or null.')
    return str(direction) if direction else None
