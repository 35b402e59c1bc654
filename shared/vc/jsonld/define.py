"""Term definitions out of one local context: JSON-LD 1.1 API, section 4.2, Create Term Definition."""

import re
from typing import Any

from shared.vc.errors import InvalidContext, UnsupportedJsonLd
from shared.vc.jsonld.terms import KEYWORDS, UNSET, ActiveContext, Term, Unset

_KEYWORD_LIKE = re.compile(r"@[A-Za-z]+")
_ABSOLUTE = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*|_):[^\s]*")
_IRI_LIKE = re.compile(r".*(?::[^:]|/)", re.DOTALL)
_ENDS_IN_DELIMITER = tuple(":/?#[]@")
_LANGUAGE = re.compile(r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*")
_MEMBERS = frozenset(
    [
        "@container",
        "@context",
        "@direction",
        "@id",
        "@index",
        "@language",
        "@nest",
        "@prefix",
        "@protected",
        "@reverse",
        "@type",
    ]
)
_SETTINGS = frozenset(
    ["@base", "@direction", "@import", "@language", "@propagate", "@protected", "@version", "@vocab"]
)
_CONTAINERS = frozenset(["@list", "@set", "@index", "@language", "@graph", "@id", "@type"])
# Terms that are defined by terms that are defined by terms …: each level costs levels of our own stack.
_MAX_NESTED = 64
# Containers whose maps this library does not read; a term with one is refused where it is used.
_UNSUPPORTED_CONTAINERS = frozenset({"@index", "@id", "@type"})


class Definition:
    """The terms that result from one local context on top of an active one."""

    def __init__(
        self, active: ActiveContext, local: dict[str, Any], *, override_protected: bool, foreign: bool
    ) -> None:
        self._local = local
        self._override = override_protected
        self._foreign = foreign
        self._protect = bool(local.get("@protected", False))
        self._previous = active.terms
        self._terms = dict(active.terms)
        self._defined: dict[str, bool] = {}
        self._depth = 0
        self.vocab = self._vocab(active)

    def terms(self) -> dict[str, Term]:
        """All terms, the inherited ones included. Raises InvalidContext with a pointer to the term."""
        for name in self._local:
            if name in _SETTINGS:
                continue
            try:
                self._create(name)
            except InvalidContext as error:
                error.within(name)
                raise
        return self._terms

    def _vocab(self, active: ActiveContext) -> str | None:
        if "@vocab" not in self._local:
            self.vocab = active.vocab
            return active.vocab
        value = self._local["@vocab"]
        self.vocab = active.vocab
        if value is None:
            return None
        if not isinstance(value, str):
            raise InvalidContext("vocab", '"@vocab" is an IRI or null.')
        expanded = self.expand(value, define=False)
        if expanded is None or not _ABSOLUTE.fullmatch(expanded):
            raise InvalidContext("vocab", '"@vocab" is not an absolute IRI.')
        return expanded

    # --- IRIs within the context ----------------------------------------------------------------

    def expand(self, value: str, *, define: bool = True) -> str | None:
        """An IRI inside a context (section 5.2, vocab): terms of the local context are defined on the way."""
        if value in KEYWORDS:
            return value
        if _KEYWORD_LIKE.fullmatch(value):
            return None
        if define and value in self._local and value not in _SETTINGS and not self._defined.get(value):
            self._create(value)
        term = self._terms.get(value)
        if term is not None:
            return term.iri
        prefix, colon, suffix = value.partition(":")
        if colon and prefix:
            if prefix == "_" or suffix.startswith("//"):
                return value
            if define and prefix in self._local and prefix not in _SETTINGS and not self._defined.get(prefix):
                self._create(prefix)
            term = self._terms.get(prefix)
            if term is not None and term.iri is not None and term.prefix:
                return term.iri + suffix
            if _ABSOLUTE.fullmatch(value):
                return value
        return self.vocab + value if self.vocab is not None else value

    # --- one term -------------------------------------------------------------------------------

    def _create(self, name: str) -> None:
        state = self._defined.get(name)
        if state is True:
            return
        if state is False:
            raise InvalidContext("cyclic_definition", f'The term "{name}" is defined by itself.')
        if self._depth >= _MAX_NESTED:
            raise UnsupportedJsonLd("definition_depth", "Terms are defined by one another too deeply.")
        self._depth += 1
        self._defined[name] = False
        self._put(name)
        self._depth -= 1

    def _put(self, name: str) -> None:
        value = self._local[name]
        if self._refuse_name(name, value):
            return
        simple = isinstance(value, str) or value is None
        if simple:
            value = {"@id": value}
        if not isinstance(value, dict) or not value.keys() <= _MEMBERS:
            raise InvalidContext("term_definition", f'The definition of "{name}" is not one.')
        previous = self._terms.pop(name, None)
        term = self._term(name, value, simple=simple)
        if term is None:
            if previous is not None:
                self._terms[name] = previous
            return
        if previous is not None and previous.protected and not self._override:
            if not term.same_as(previous):
                raise InvalidContext(
                    "protected_term", f'The term "{name}" is protected and may not be redefined.'
                )
            term = previous
        self._terms[name] = term
        self._defined[name] = True

    def _refuse_name(self, name: str, value: Any) -> bool:
        """Refuse names that are no terms; True for one that JSON-LD ignores."""
        if name == "":
            raise InvalidContext("empty_term", "A term may not be the empty string.")
        if name == "@type":
            allowed = isinstance(value, dict) and value and value.keys() <= {"@container", "@protected"}
            if not allowed or value.get("@container", "@set") not in ("@set", ["@set"]):
                raise InvalidContext("keyword_redefinition", "@type may only be given the container @set.")
            return False
        if name in KEYWORDS:
            raise InvalidContext("keyword_redefinition", f"The keyword {name} may not be redefined.")
        return bool(_KEYWORD_LIKE.fullmatch(name))

    def _term(self, name: str, value: dict[str, Any], *, simple: bool) -> Term | None:
        iri = self._reverse(name, value) if "@reverse" in value else self._iri(name, value)
        if iri is UNSET:
            return None
        assert iri is None or isinstance(iri, str)
        type_ = self._type(name, value)
        container = _container(name, value)
        if "@type" in container and type_ is None:
            type_ = "@id"
        return Term(
            iri,
            name=name,
            type_=type_,
            container=container,
            language=_language(name, value) if "@type" not in value else UNSET,
            direction=_direction(name, value) if "@type" not in value else UNSET,
            context=value.get("@context", UNSET),
            prefix=_prefix(name, value, iri, simple=simple),
            protected=self._protected(name, value),
            reverse="@reverse" in value,
            unsupported=_unsupported(name, value, iri, type_, container),
            foreign=self._foreign,
        )

    def _reverse(self, name: str, value: dict[str, Any]) -> str | Unset:
        reverse = value["@reverse"]
        if "@id" in value or "@nest" in value or not isinstance(reverse, str):
            raise InvalidContext("reverse", f'The reverse definition of "{name}" is not one.')
        expanded = self.expand(reverse)
        if expanded is None:
            return UNSET
        if not _ABSOLUTE.fullmatch(expanded):
            raise InvalidContext("iri_mapping", f'"{name}" is not mapped to an absolute IRI.')
        return expanded

    def _iri(self, name: str, value: dict[str, Any]) -> str | Unset | None:
        identifier = value.get("@id", name)
        if identifier is None:
            return None
        if not isinstance(identifier, str):
            raise InvalidContext("iri_mapping", f'The @id of "{name}" is not a text.')
        if identifier == name:
            return self._implied(name)
        if identifier not in KEYWORDS and _KEYWORD_LIKE.fullmatch(identifier):
            return UNSET
        expanded = self.expand(identifier)
        if expanded is None or not (_ABSOLUTE.fullmatch(expanded) or expanded in KEYWORDS):
            raise InvalidContext("iri_mapping", f'"{name}" is not mapped to an absolute IRI or a keyword.')
        if expanded in {"@context", "@preserve"}:
            raise InvalidContext("keyword_alias", f"{expanded} may not have another name.")
        if _IRI_LIKE.match(name):
            self._defined[name] = True
            if self.expand(name) != expanded:
                raise InvalidContext(
                    "iri_mapping", f'"{name}" looks like an IRI and is mapped to another one.'
                )
            self._defined[name] = False
        return expanded

    def _implied(self, name: str) -> str:
        """The IRI of a term that states none: of its prefix, itself, or the vocabulary's."""
        if name == "@type":
            return name
        prefix, colon, suffix = name.partition(":")
        if colon and prefix:
            if prefix in self._local and prefix not in _SETTINGS:
                self._create(prefix)
            term = self._terms.get(prefix)
            return term.iri + suffix if term is not None and term.iri is not None else name
        if "/" in name and self.vocab is None:
            raise InvalidContext("iri_mapping", f'"{name}" is not mapped to an absolute IRI.')
        if self.vocab is None:
            raise InvalidContext("iri_mapping", f'The term "{name}" needs an @id.')
        return self.vocab + name

    def _type(self, name: str, value: dict[str, Any]) -> str | None:
        if "@type" not in value:
            return None
        type_ = value["@type"]
        expanded = self.expand(type_) if isinstance(type_, str) else None
        if expanded in {"@id", "@vocab", "@json", "@none"}:
            return expanded
        if expanded is None or expanded.startswith("_:") or not _ABSOLUTE.fullmatch(expanded):
            raise InvalidContext("type_mapping", f'The @type of "{name}" is not an absolute IRI.')
        return expanded

    def _protected(self, name: str, value: dict[str, Any]) -> bool:
        protected = value.get("@protected", self._protect)
        if not isinstance(protected, bool):
            raise InvalidContext("protected", f'The @protected of "{name}" is not true or false.')
        return protected


def _container(name: str, value: dict[str, Any]) -> frozenset[str]:
    if "@container" not in value:
        return frozenset()
    given = value["@container"]
    items = given if isinstance(given, list) else [given]
    container = frozenset(item for item in items if isinstance(item, str))
    rest = container - {"@set"}
    valid = len(container) == len(items) and container <= _CONTAINERS
    if "@graph" in rest:
        valid = valid and rest <= {"@graph", "@id", "@index"} and len(rest) <= 2
    else:
        valid = valid and len(rest) <= 1 and not ("@list" in container and len(container) > 1)
    if "@reverse" in value:
        valid = valid and container <= {"@set", "@index"}
    if not valid or not container:
        raise InvalidContext("container_mapping", f'The @container of "{name}" is not one.')
    return container


def _language(name: str, value: dict[str, Any]) -> str | Unset | None:
    language = value.get("@language", UNSET)
    if language is UNSET or language is None:
        return language
    if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
        raise InvalidContext("language_mapping", f'The @language of "{name}" is not a language tag.')
    return language.lower()


def _direction(name: str, value: dict[str, Any]) -> str | Unset | None:
    direction = value.get("@direction", UNSET)
    if direction not in (UNSET, None, "ltr", "rtl"):
        raise InvalidContext("direction", f'The @direction of "{name}" is not "ltr", "rtl" or null.')
    return direction  # type: ignore[no-any-return]  # checked above


def _prefix(name: str, value: dict[str, Any], iri: str | None, *, simple: bool) -> bool:
    if "@prefix" in value:
        given = value["@prefix"]
        if not isinstance(given, bool) or ":" in name or "/" in name or iri in KEYWORDS:
            raise InvalidContext("prefix", f'The @prefix of "{name}" is not possible.')
        return given
    if not simple or iri is None or iri == name or value["@id"] == name or ":" in name or "/" in name:
        return False
    return iri.startswith("_:") or iri.endswith(_ENDS_IN_DELIMITER)


def _unsupported(
    name: str, value: dict[str, Any], iri: str | None, type_: str | None, container: frozenset[str]
) -> str:
    scopes = value.get("@context")
    if any(
        isinstance(scope, dict) and name in scope
        for scope in (scopes if isinstance(scopes, list) else [scopes])
    ):
        return "a scoped context that redefines its own term"
    if iri in KEYWORDS and not value.keys() <= {"@id", "@protected"} and iri != "@type":
        return "more than another name for a keyword"
    if type_ == "@json" and container - {"@set"}:
        return "@json with a container"
    if "@reverse" in value:
        return "@reverse"
    if "@nest" in value:
        return "@nest"
    if "@index" in value:
        return "@index"
    return next(iter(sorted(container & _UNSUPPORTED_CONTAINERS)), "")
