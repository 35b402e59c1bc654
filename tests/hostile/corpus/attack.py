"""What an attack is, where it is staged, and the list of all of them."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from services.verifier.verifications.sources import fetch_badge
from services.verifier.verifications.unusable import Unusable
from shared.http.fetch import Fetcher
from shared.vc import strict_json
from shared.vc.baking import TooLong, Unrecognised
from shared.vc.report import Report
from shared.vc.verify import Applicant
from tests.harness.credentials import Issuer, Network, report_on

Json = dict[str, Any]
STEPS = 1_200_000
"""Calls of Python and C that judging one attack may take. `python -m tests.hostile` says what they come to in time."""
NOT_A_BADGE, TOO_LARGE = "format.unrecognised", "format.too_large"
"""Of what never comes to a report: 400 not-a-badge and 413 over HTTP."""


@dataclass(frozen=True)
class Link:
    """A badge given by its address."""

    url: str


Given = bytes | str | Json | Link
"""What is handed to the verifier: bytes or text as they are, an object as JSON, or where it is."""


@dataclass
class Stage:
    """An honest issuer, a dishonest one, and the pages of their server at `site`; `server` does all a stranger's can."""

    site: str
    server: str
    dns: dict[str, list[str]] = field(default_factory=dict)
    network: Network = field(init=False)
    honest: Issuer = field(init=False)
    rogue: Issuer = field(init=False)

    def __post_init__(self) -> None:
        self.network = Network()
        self.honest = Issuer(self.network, self.site, "honest")
        self.rogue = Issuer(self.network, f"{self.site}/rogue", "rogue")

    def put(self, path: str, page: object) -> str:
        """Serve a page (bytes, or an object as JSON); its address."""
        self.network.put(self.site + path, page)
        return self.site + path


Make = Callable[[Stage], Given]


@dataclass(frozen=True)
class Attack:
    """`code` is the report's (or the problem's) own name for the refusal, `says` a part of its sentence."""

    name: str
    what: str
    code: str
    says: str
    make: Make
    slow: bool
    aside: bool
    own_dns: bool
    group: str


ATTACKS: dict[str, Attack] = {}


def attack(
    code: str,
    says: str,
    *,
    slow: bool = False,
    aside: bool = False,
    own_dns: bool = False,
    name: str = "",
) -> Callable[[Make], Make]:
    """Enter a generator, whose docstring says in a line what it does, into the list.

    Args:
        code: what the refusal is called.
        says: a part of its reason that only this kind of attack gets.
        aside: what is refused is something beside the badge, which itself stands.
        slow: it costs waiting rather than computing, so many are sent at once.
        own_dns: it needs names of its own (`Stage.dns`), which only a fetcher in this process can be given.
        name: where one generator makes several; otherwise the function's.
    """

    def enter(make: Make) -> Make:
        title = name or make.__name__
        what = (make.__doc__ or "").strip()
        group = make.__module__.rpartition(".")[2]
        assert what, f"{title} does not say what it does"
        assert says, f"{title} does not say how it is refused"
        assert title not in ATTACKS, f"{title} stands twice"
        ATTACKS[title] = Attack(title, what, code, says, make, slow, aside, own_dns, group)
        return make

    return enter


def as_bytes(given: bytes | str | Json) -> bytes:
    if isinstance(given, bytes):
        return given
    return given.encode() if isinstance(given, str) else strict_json.dumps(given)


@dataclass(frozen=True)
class Refusal:
    """What came of an attack: every code with its reason, and the verdict (`None`: no report was made)."""

    verdict: str | None
    reasons: dict[str, str]

    def fits(self, attack: Attack) -> bool:
        """Whether it is the refusal that the attack is to get."""
        return self.told(attack.code, attack.says) and (attack.aside or self.verdict != "accepted")

    def told(self, code: str, says: str) -> bool:
        return code in self.reasons and says in self.reasons[code]


def of_report(report: Json) -> Refusal:
    """The refusal in a report's JSON; nested ones (endorsements, embedded credentials, links) included."""
    reasons: dict[str, str] = {}

    def walk(checks: list[Json]) -> None:
        for check in checks:
            if check["outcome"] != "passed":
                code, details = check["code"], check.get("details") or {}
                reasons[code] = f"{reasons.get(code, '')} {check['reason']} {details.get('problem', '')}"
                walk(details.get("checks", []))
            else:
                walk((check.get("details") or {}).get("checks", []))

    walk(report["checks"])
    return Refusal(report["verdict"], reasons)


async def fetched(given: Link, fetcher: Fetcher) -> Refusal:
    """What came of fetching a badge, by the code of a service, in this process."""
    try:
        await fetch_badge(fetcher, given.url)
    except Unusable as why:
        return Refusal("undetermined", {why.code: f"{why.reason} {why.details.get('problem', '')}"})
    return Refusal("undetermined", {})


async def judged(data: bytes, stage: Stage) -> Refusal:
    try:
        report: Report = await report_on(data, stage.network, applicant=Applicant(email="ada@example.org"))
    except TooLong as error:
        return Refusal(None, {TOO_LARGE: f"{error.reason} {TooLong.limit}"})
    except Unrecognised as error:
        return Refusal(None, {NOT_A_BADGE: error.reason})
    return of_report(json.loads(json.dumps(report.to_json(), allow_nan=False)))


class Steps:
    """How many calls were made: work as it is counted, the same on every machine."""

    def __init__(self) -> None:
        self.taken = 0

    def _count(self, _frame: object, event: str, _argument: object) -> None:
        if event in {"call", "c_call"}:
            self.taken += 1

    @contextmanager
    def counted(self) -> Iterator[None]:
        before = sys.getprofile()
        sys.setprofile(self._count)
        try:
            yield
        finally:
            sys.setprofile(before)


def steps_of(data: bytes, stage: Stage) -> tuple[Refusal, int]:
    """What came of an attack on the engine, and the steps that judging it took."""
    steps = Steps()
    with steps.counted():
        refusal = asyncio.run(judged(data, stage))
    return refusal, steps.taken


def of_response(status: int, body: Json) -> Refusal:
    """The refusal in an answer of `POST /v1/verifications`."""
    if status == 200:
        return of_report(body)
    codes = {(400, "not-a-badge"): NOT_A_BADGE, (413, "too-large"): TOO_LARGE}
    code = codes.get((status, body.get("code", "")), f"{status} {body.get('code')}")
    return Refusal(None, {code: str(body.get("detail"))})
