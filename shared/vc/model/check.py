"""Holds a credential against the tables of `classes`, and says what is wrong, where, in a sentence."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any, Literal

from shared.vc.budget import Budget
from shared.vc.strict_json import JsonObject

from .classes import CLASSES, Class, Property
from .contexts import context_findings, is_version_1
from .findings import Finding, at
from .relations import relation_of
from .sound import UNSURE, units_if_sound
from .values import is_sound, value_finding

MAX_FINDINGS = 50
"""So many findings are reported at most; a hostile badge does not get a long report."""

OPEN_BADGE_TYPES = frozenset({"AchievementCredential", "OpenBadgeCredential"})


def check(document: JsonObject, *, budget: Budget | None = None) -> list[Finding]:
    """What is wrong with the structure of a credential, gravest kinds first; empty means nothing.

    The class is told by `type` (an achievement credential, an endorsement, a presentation, or any other verifiable
    credential), and by the first context whether it follows version 1.1 or 2.0 of the W3C data model.
    Severity `error` breaks a rule that binds; `warning` is bad form that readers put up with. Source: the
    data model of Open Badges 3.0, its serialization rules, and the rules that the official validator adds.

    Raises:
        BudgetExceeded: the document is larger than `budget` (a fresh default one when left out) allows.
    """
    return check_class(document, class_of(document), budget=budget)


def check_class(
    value: object, name: str, pointer: str = "", *, budget: Budget | None = None
) -> list[Finding]:
    """`check` for any class of the data model ("Achievement", "Profile", …), at `pointer` in a document."""
    budget = budget or Budget()
    units = units_if_sound(value, name)
    if units != UNSURE:
        budget.spend(units)
        return []
    walk = Walk(budget)
    found = list(islice(walk.inspect(value, CLASSES[name], pointer), MAX_FINDINGS + 1))
    if len(found) > MAX_FINDINGS:
        found[MAX_FINDINGS:] = [
            Finding(pointer, "model.too_many", f"More than {MAX_FINDINGS} faults; the rest is not listed.")
        ]
    return sorted(found, key=lambda one: one.severity != "error")


def lint(value: object, name: str | None = None) -> list[Finding]:
    """What an issuer has to mend before signing: as `check`, but bad form counts as an error as well.

    `name` is the class when `value` is not a whole credential.
    """
    if name is None:
        name = class_of(value) if isinstance(value, dict) else "AchievementCredential"
    return [replace(one, severity="error") for one in check_class(value, name)]


def class_of(document: JsonObject) -> str:
    """The table a credential is held against, by its `type` and its first context."""
    types = document.get("type")
    named = {types} if isinstance(types, str) else set(_texts(types))
    if named & OPEN_BADGE_TYPES:
        name = "AchievementCredential"
    elif "EndorsementCredential" in named:
        name = "EndorsementCredential"
    elif "VerifiablePresentation" in named:
        name = "VerifiablePresentation"
    else:
        name = "VerifiableCredential"
    return f"{name}/1.1" if is_version_1(document) else name


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


class Walk:
    """One walk through a document, under a work budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def inspect(self, value: object, table: Class, pointer: str) -> Iterator[Finding]:
        if not isinstance(value, dict):
            kind = table.name.partition("/")[0]
            yield Finding(pointer, "model.wrong_type", f"{kind} has to be an object.")
            return
        self._budget.spend(2 + 2 * len(value))  # about a microsecond for each step
        yield from _type(value, table, pointer)
        for name, rule in table.properties.items():
            if name in value:
                # Hardly any value has a fault: where it stands is only spelled out for those that do.
                if not rule.many and is_sound(value[name], rule):
                    self._budget.spend(1)
                else:
                    yield from self._values(value[name], rule, pointer, name)
            elif rule.required:
                yield Finding(at(pointer, name), "model.missing", f"`{name}` is missing.")
        if table.closed:
            for name in value:
                if name not in table.properties:
                    reason = f"{table.name} has no property `{name}` and may not be extended."
                    yield Finding(at(pointer, name), "model.unexpected", reason)
        if "@context" in table.properties:
            yield from context_findings(value, table.name, pointer)
        relation = relation_of(table.name)
        if relation is not None:
            yield from relation(value, pointer)

    def _values(self, value: Any, rule: Property, parent: str, name: str) -> Iterator[Finding]:
        if rule.kind == "context":
            if value is None:
                yield _null(at(parent, name), name)
        elif isinstance(value, list):
            yield from self._array(value, rule, parent, name)
        elif value is None:
            yield _null(at(parent, name), name)
        else:
            pointer = at(parent, name)
            yield from _not_an_array(rule, pointer, name)
            yield from self._value(value, rule, pointer, name)

    def _array(self, values: list[Any], rule: Property, parent: str, name: str) -> Iterator[Finding]:
        if not rule.many:
            reason = f"`{name}` may have one value only, not an array."
            yield Finding(at(parent, name), "model.wrong_type", reason)
        elif not values:
            severity: Literal["error", "warning"] = "error" if rule.required else "warning"
            reason = f"`{name}` is an empty array; leave it out instead."
            yield Finding(at(parent, name), "model.null_or_empty", reason, severity)
        else:
            for index, one in enumerate(values):
                if is_sound(one, rule):
                    self._budget.spend(1)
                else:
                    yield from self._value(one, rule, at(parent, name, index), name)

    def _value(self, value: object, rule: Property, pointer: str, name: str) -> Iterator[Finding]:
        if rule.kind != "class":
            self._budget.spend(1)
            finding = value_finding(value, rule, pointer, name)
            if finding is not None:
                yield finding
            return
        if rule.of in {"Issuer", "Holder"} and isinstance(value, str):
            yield from _issuer_by_id(value, rule, pointer)
            return
        yield from self.inspect(value, _table(value, rule.of), pointer)


def _type(value: JsonObject, table: Class, pointer: str) -> Iterator[Finding]:
    if "type" not in value:
        return  # said by the rule that requires it
    types = value["type"]
    named = {types} if isinstance(types, str) else set(_texts(types))
    for group in table.types:
        if not named.intersection(group):
            reason = f"`type` has to name {' or '.join(group)}."
            yield Finding(at(pointer, "type"), "model.missing_class", reason)


def _null(pointer: str, name: str) -> Finding:
    return Finding(pointer, "model.null_or_empty", f"`{name}` is null; leave it out instead.")


def _not_an_array(rule: Property, pointer: str, name: str) -> Iterator[Finding]:
    if rule.many and not rule.compact:
        reason = f"`{name}` may have several values, so even a single one is written as an array."
        yield Finding(pointer, "model.not_an_array", reason, "warning")


def _issuer_by_id(value: str, rule: Property, pointer: str) -> Iterator[Finding]:
    finding = value_finding(value, CLASSES["Holder"].properties["id"], pointer, "issuer")
    if finding is not None:
        yield finding
    elif rule.of == "Issuer":
        reason = "The issuer is given by its id only; readers expect its profile, with `type` and name."
        yield Finding(pointer, "model.issuer_not_embedded", reason, "warning")


def _table(value: object, name: str) -> Class:
    if name == "Issuer":
        return CLASSES["Profile"]
    if name == "EndorsementCredential" and isinstance(value, dict) and is_version_1(value):
        return CLASSES["EndorsementCredential/1.1"]
    return CLASSES[name]
