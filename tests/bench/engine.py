"""Issuing and verifying one credential: ours beside the bare signature and everybody else's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import mean, median
from typing import Any

from tests.bench.documents import BUILDERS, USUAL, missing, numbered
from tests.bench.output import table
from tests.bench.subject import ISSUER, Form
from tests.bench.subjects import OURS, PEERS, RAW, NotMeasured, Process, started

TASKS = ("issue", "verify")
FORMS: Mapping[Form, tuple[str, ...]] = {
    "eddsa-rdfc-2022": tuple(BUILDERS),
    "ecdsa-rdfc-2019": (USUAL,),
    "EdDSA": (USUAL,),
    "ES256": (USUAL,),
    "RS256": (USUAL,),
}
"""Which documents are measured in which form; the last three are JWTs."""


_FEWEST, _MOST = 5, 40  # documents prepared at a time, before any of them is measured
_APART = 100_000  # between the numbers of one round and of the next


@dataclass
class Figure:
    """What one subject took for one task on documents of one kind, each of them another: every call, by rounds."""

    rounds: list[list[float]] = field(default_factory=list)

    @property
    def us(self) -> float:
        """The median of all calls."""
        return median(one for times in self.rounds for one in times)

    @property
    def mean_us(self) -> float:
        """Of the rounds' means, the median: it has in it what happens only every few calls, such as collecting garbage."""
        return median(mean(times) for times in self.rounds)

    def to_json(self) -> dict[str, Any]:
        medians = [median(times) for times in self.rounds]
        return {
            "us": round(self.us, 1),
            "lowest_round_us": round(min(medians), 1),
            "highest_round_us": round(max(medians), 1),
            "mean_us": round(self.mean_us, 1),
            "calls": sum(map(len, self.rounds)),
        }


Place = tuple[Form, str, str]  # form, document, task
Figures = dict[Place, dict[str, Figure]]


def run(*, rounds: int, seconds: float) -> dict[str, Any]:
    """Measure everything, the subjects in turn within each round, so that a busy moment is everybody's."""
    left_out = missing(BUILDERS["full"](ISSUER))
    assert left_out == ["AchievementCredential.proof"], left_out  # which signing adds
    figures: Figures = {}
    with started() as (subjects, absent):
        versions = {name: one.version for name, one in subjects.items()}
        reasons = {name: {"all": reason} for name, reason in absent.items()}
        ready = _prepare(subjects, reasons)
        for number in range(rounds + 1):
            for (form, document, name), subject in ready.items():
                for task in TASKS:
                    times = _round(subject, form, document, task, seconds, first=number * _APART)
                    if number:  # the first round warms everybody up
                        of = figures.setdefault((form, document, task), {})
                        of.setdefault(name, Figure()).rounds.append(times)
    _print(figures, versions, reasons)
    return {
        "versions": versions,
        "not_measured": reasons,
        "figures": [
            {"form": form, "document": document, "task": task, "subject": name} | figure.to_json()
            for (form, document, task), by_name in figures.items()
            for name, figure in by_name.items()
        ],
        "summary": _summary(figures),
    }


def _round(
    subject: Process, form: Form, document: str, task: str, seconds: float, *, first: int
) -> list[float]:
    """Calls on documents that are all different, as many as take so long, from a number on that was not reached before."""
    template, times, size = BUILDERS[document](ISSUER), list[float](), _FEWEST
    while sum(times) < seconds * 1e6:
        start = first + len(times)
        batch = [(number, numbered(template, number)) for number in range(start, start + size)]
        times += subject.measure(form, task, batch)
        size = max(_FEWEST, min(_MOST, int(seconds * 1e6 / mean(times))))
    return times


def _prepare(
    subjects: Mapping[str, Process], reasons: dict[str, dict[str, str]]
) -> dict[tuple[Form, str, str], Process]:
    """Who takes part where; why not is added to `reasons`."""
    ready: dict[tuple[Form, str, str], Process] = {}
    for form, documents in FORMS.items():
        for document in documents:
            for name, subject in subjects.items():
                try:
                    subject.prepare(form, BUILDERS[document](ISSUER))
                except NotMeasured as reason:
                    reasons.setdefault(name, {})[f"{form}, {document}"] = str(reason)
                else:
                    ready[form, document, name] = subject
    return ready


def ratios(by_name: Mapping[str, Figure], kind: str = "us") -> tuple[float | None, float]:
    """How many times faster than the fastest peer ours is (None without one), and how many raw signatures it costs."""
    times: dict[str, float] = {name: getattr(figure, kind) for name, figure in by_name.items()}
    others = [one for name, one in times.items() if name in PEERS]
    return min(others) / times[OURS] if others else None, times[OURS] / times[RAW]


def _summary(figures: Figures) -> list[dict[str, Any]]:
    return [
        {"form": form, "document": document, "task": task}
        | {
            f"{kind}: {what}": None if one is None else round(one, 2)
            for kind in ("us", "mean_us")
            for what, one in zip(("times_fastest_peer", "times_raw"), ratios(by_name, kind), strict=True)
        }
        for (form, document, task), by_name in figures.items()
    ]


def last_line(summary: list[dict[str, Any]], kind: str = "us") -> str:
    """The one line that says it all, of the 36-quad document under eddsa-rdfc-2022."""
    of = {one["task"]: one for one in summary if (one["form"], one["document"]) == ("eddsa-rdfc-2022", USUAL)}
    faster = {task: one[f"{kind}: times_fastest_peer"] for task, one in of.items()}
    told = {
        task: "no peer at hand" if x is None else f"{x:.1f}x the fastest peer" for task, x in faster.items()
    }
    raw = of["verify"][f"{kind}: times_raw"]
    return f"verify: {told['verify']}, {raw:.1f}x raw Ed25519; issue: {told['issue']}"


def _print(figures: Figures, versions: Mapping[str, str], reasons: Mapping[str, Mapping[str, str]]) -> None:
    for form, documents in FORMS.items():
        columns = [f"{task}, {document}" for document in documents for task in TASKS]
        rows = []
        for name in versions:
            cells = [
                figures.get((form, document, task), {}).get(name) for document in documents for task in TASKS
            ]
            if any(cells):
                rows.append([name, *("-" if cell is None else f"{cell.us:,.0f}" for cell in cells)])
        both = [ratios(figures[form, document, task]) for document in documents for task in TASKS]
        rows.append(["ours: times the fastest peer", *("-" if x is None else f"{x:.1f}" for x, _ in both)])
        rows.append(["ours: times the raw signature", *(f"{x:.1f}" for _, x in both)])
        table(f"{form}, microseconds of processor time", ["", *columns], rows)
    print("Versions: " + "; ".join(f"{name} {version}" for name, version in versions.items()))
    for name, why in reasons.items():
        for where, reason in why.items():
            print(f"Not measured: {name}, {where}: {reason[:160]}")
