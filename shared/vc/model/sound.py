"""The quick answer for credentials without a fault, which nearly all are: the tables of `classes`, prepared for it.

Only "surely nothing" is said here. Whatever is unusual, a fault or not, is left to the full check.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from shared.vc.strict_json import JsonObject

from .classes import CLASSES, Class, Property
from .contexts import context_findings
from .findings import Finding
from .relations import relation_of
from .values import sound_test

UNSURE: Final = -1

# Classes looked at here. Others are rarer, or have rules of their own that are not worth repeating.
_CLASSES = (
    "AchievementCredential",
    "AchievementSubject",
    "EndorsementCredential",
    "EndorsementSubject",
    "Achievement",
    "Criteria",
    "Alignment",
    "Related",
    "Result",
    "ResultDescription",
    "RubricCriterionLevel",
    "Evidence",
    "Image",
    "IdentityObject",
    "IdentifierEntry",
    "Profile",
    "Address",
    "GeoCoordinates",
    "Proof",
    "CredentialSchema",
    "CredentialStatus",
    "RefreshService",
    "TermsOfUse",
)
_SAME = {"Issuer": "Profile"}

# How the values of a property may stand: one, in an array, or either.
_ONE, _ARRAY, _EITHER = range(3)


class _Rule(NamedTuple):
    form: int
    is_text: bool
    test: Callable[[Any], bool]  # of a single value that is no object of the model
    plan: "_Plan | None"  # of objects


class _Plan:
    """One class: what `_units` needs of its table."""

    __slots__ = ("closed", "groups", "name", "related", "required", "rules", "with_context")

    def __init__(self, table: Class) -> None:
        self.name = table.name
        self.closed = table.closed
        self.required = frozenset(name for name, rule in table.properties.items() if rule.required)
        self.groups = tuple(frozenset(group) for group in table.types)
        self.with_context = "@context" in table.properties
        self.related = relation_of(table.name)
        self.rules: dict[str, _Rule] = {}


def units_if_sound(document: object, name: str) -> int:
    """Work that the full check of a document of the class `name` would count; UNSURE unless it surely finds nothing."""
    plan = _PLANS.get(name)
    return UNSURE if plan is None or type(document) is not dict else _units(document, plan)


def _units(value: JsonObject, plan: _Plan) -> int:
    if not plan.required <= value.keys():
        return UNSURE
    units, rules = 2 + 2 * len(value), plan.rules
    for name, one in value.items():
        rule = rules.get(name)
        if rule is None:
            if plan.closed:
                return UNSURE
            continue
        form, is_text, test, inner = rule
        if is_text and type(one) is str and form != _ARRAY:
            units += 1
            continue
        if type(one) is not list:
            if form == _ARRAY:
                return UNSURE
            if inner is None:
                if not test(one):
                    return UNSURE
                units += 1
                continue
            several = [one]
        elif form == _ONE or not one:
            return UNSURE
        else:
            several = one
        for each in several:
            if inner is None:
                if not test(each):
                    return UNSURE
                units += 1
            else:
                found = _units(each, inner) if type(each) is dict else UNSURE
                if found == UNSURE:
                    return UNSURE
                units += found
    return units if _holds_together(value, plan) else UNSURE


def _holds_together(value: JsonObject, plan: _Plan) -> bool:
    """What concerns more than one property: types, contexts, relations."""
    for group in plan.groups:
        types = value["type"]
        if types not in group if type(types) is str else group.isdisjoint(types):
            return False
    if plan.with_context and _any(context_findings(value, plan.name, "")):
        return False
    return plan.related is None or not _any(plan.related(value, ""))


def _any(findings: Iterator[Finding]) -> bool:
    return next(findings, None) is not None


def _rule(rule: Property) -> _Rule:
    form = _EITHER if rule.many and rule.compact else _ARRAY if rule.many else _ONE
    if rule.kind != "class":
        return _Rule(form, rule.kind == "text", sound_test(rule), None)
    plan = _PLANS.get(_SAME.get(rule.of, rule.of))
    return _Rule(form, False, _never, plan)


def _never(value: object) -> bool:
    del value
    return False


_PLANS = {name: _Plan(CLASSES[name]) for name in _CLASSES}
for _name, _plan in _PLANS.items():
    _plan.rules |= {
        name: _rule(rule) for name, rule in CLASSES[_name].properties.items() if rule.kind != "context"
    }
