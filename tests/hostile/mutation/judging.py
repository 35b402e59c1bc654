"""What is judged, and how: one call per kind of thing that can be changed."""

import json
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypeVar

from shared.vc import strict_json
from shared.vc.baking import Unrecognised
from shared.vc.contexts import ContextStore
from shared.vc.errors import JsonRefused
from shared.vc.fetching import Fetch
from shared.vc.report import Check, Report
from shared.vc.verify import PresentationReport, verify, verify_presentation
from tests.harness.credentials import NOW, Network

Json = dict[str, Any]
Shape = Literal["json", "jwt", "sd-jwt", "png", "svg"]
_T = TypeVar("_T")
_INNER = ("endorsement", "embedded")

STORE = ContextStore.builtin()


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether something stands; if not, why, in the codes of the checks; and all that a report would say of it.

    `proven` are the places of the proofs that held, in `document`, which is what was changed, as it was read.
    """

    stands: bool
    reason: str
    says: Any = None
    proven: tuple[str, ...] = ()
    document: Json | None = None


Judge = Callable[[bytes], Judgement]


@dataclass(frozen=True, slots=True)
class Sample:
    """Something valid of one format, and who judges it.

    `other` is another valid one of the same issuer and format, of which parts can be taken; `methods` are verification
    methods, of this issuer and of others.
    """

    form: str
    name: str
    data: bytes
    shape: Shape
    judge: Judge
    store: ContextStore = STORE
    other: bytes | None = None
    methods: tuple[str, ...] = ()


def finished(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """What a coroutine returns that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        value: _T = stop.value
        return value
    raise AssertionError("the coroutine waits for something")


# --- judges -------------------------------------------------------------------------------------


def credential(network: Fetch, *, now: datetime = NOW, **options: Any) -> Judge:
    """The badge itself, over a network."""

    def judge(data: bytes) -> Judgement:
        return _of_badge(_report(data, network, now=now, **options))

    return judge


def listed(network: Network, badge: bytes, url: str) -> Judge:
    """The status list at `url`, by what becomes of a badge that is in it."""

    def judge(data: bytes) -> Judgement:
        changed = replace(network, pages={**network.pages, url: data}, asked=[])
        judgement = _of_badge(_report(badge, changed))
        if not judgement.stands:
            return judgement
        says = {name: value for name, value in judgement.says.items() if name != "fetched"}
        return replace(judgement, says=says, proven=(), document=None)

    return judge


def beside(network: Network, badge: bytes, url: str) -> Judge:
    """A page that nobody signed, by what becomes of a badge that it is fetched for."""

    def judge(data: bytes) -> Judgement:
        return _of_badge(_report(badge, replace(network, pages={**network.pages, url: data}, asked=[])))

    return judge


def within(network: Network, around: Callable[[Any], Json | None], kind: str, *, text: bool = False) -> Judge:
    """A credential that stands in another, which is signed anew around it; by the checks of that kind.

    `around` returns None for what nobody could sign around.
    """

    def judge(data: bytes) -> Judgement:
        try:
            inner = data.decode() if text else strict_json.loads(data)
            whole = around(inner)
        except (JsonRefused, UnicodeDecodeError):
            whole = None
        if whole is None:
            return Judgement(False, "cannot_be_signed_around")
        report = _report(json.dumps(whole).encode(), network)
        if report is None:
            return Judgement(False, "unrecognised")
        checks = [check for check in report.checks if check.kind == kind]
        inside = [one for check in checks for one in (check.details or {}).get("checks", ())]
        if checks and all(check.outcome == "passed" for check in checks):
            proven = tuple(one["pointer"] for one in inside if one["code"] == "proof.valid" and not text)
            return Judgement(True, "", {"inner": _inner(checks)}, proven, None if text else inner)
        blamed = [f"{kind}: {one['code']}" for one in inside if one["outcome"] in {"failed", "inconclusive"}]
        whole_badge = _of_badge(report)
        return Judgement(
            False, next(iter(blamed), checks[0].code if checks else whole_badge.reason or "gone")
        )

    return judge


def presentation(network: Network, *, challenge: str, domain: str) -> Judge:
    """A presentation, with everything in it."""

    def judge(data: bytes) -> Judgement:
        try:
            report = finished(
                verify_presentation(
                    data, fetcher=network, contexts=STORE, now=NOW, challenge=challenge, domain=domain
                )
            )
        except Unrecognised:
            return Judgement(False, "unrecognised")
        json.dumps(report.to_json(), allow_nan=False)
        if report.verdict == "accepted":
            return Judgement(True, "", _presented(report), ("/proof",))
        inner = [check for one in report.credentials for check in one.checks]
        return Judgement(False, _blamed((*report.checks, *inner)))

    return judge


def _report(data: bytes, network: Fetch, *, now: datetime = NOW, **options: Any) -> Report | None:
    try:
        report = finished(verify(data, fetcher=network, contexts=STORE, now=now, **options))
    except Unrecognised:
        return None
    json.dumps(report.to_json(), allow_nan=False)
    return report


def _of_badge(report: Report | None) -> Judgement:
    if report is None:
        return Judgement(False, "unrecognised")
    if report.verdict != "accepted":
        return Judgement(False, _blamed(report.checks))
    proven = tuple(check.pointer or "" for check in report.checks if check.code == "proof.valid")
    says = {
        "format": report.format,
        "credential": report.credential,
        "summary": report.summary,
        # Of a hosted badge, what its host answered; of others, more may be asked for when a proof says so.
        "fetched": [(one.url, one.sha256) for one in report.fetched if report.format == "ob2-hosted"],
        "checks": _said(report.checks),
        "inner": _inner(report.checks),
    }
    return Judgement(True, "", says, proven, report.document)


def _presented(report: PresentationReport) -> Any:
    return {
        "holder": report.holder,
        "credentials": [_of_badge(one).says for one in report.credentials],
        "inner": [],
        "checks": _said(report.checks),
    }


def _said(checks: Iterable[Check]) -> list[Any]:
    """What checks say, but for those of form and proof, and what is told of bad form that is put up with.

    Each once: a schema or status entry that stands twice is looked at twice.
    """
    said = [
        _without_places(check.to_json())
        for check in checks
        if check.kind not in {"format", "proof", "key", *_INNER}
        and not (check.outcome == "passed" and check.kind in {"context", "model", "subject"})
    ]
    return list({json.dumps(one, sort_keys=True): one for one in said}.values())


def _inner(checks: Iterable[Check]) -> list[Any]:
    """What stands inside and was found valid. (Something inside may be refused when it is spelled otherwise.)"""
    told = ("id", "name", "issuer", "endorsed", "comment", "verdict")
    return [
        {name: (check.details or {}).get(name) for name in told}
        for check in checks
        if check.kind in _INNER and check.outcome == "passed"
    ]


def _without_places(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_places(inner) for name, inner in value.items() if name != "pointer"}
    if isinstance(value, (list, tuple)):
        return [_without_places(inner) for inner in value]
    return value


def _blamed(checks: Sequence[Check]) -> str:
    for outcome in ("failed", "inconclusive"):
        for check in checks:
            if check.outcome == outcome:
                return check.code
    return "nothing_proves_it"
