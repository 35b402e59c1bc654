"""Issuing and verifying one credential: ours beside the bare signature and everybody else's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from tests.bench.documents import BUILDERS, USUAL, missing
from tests.bench.output import table
from tests.bench.subject import ISSUER, Form
from tests.bench.subjects import OURS, PEERS, RAW, Process, started

TASKS = ("issue", "verify")
FORMS: Mapping[Form, tuple[str, ...]] = {
    "eddsa-rdfc-2022": tuple(BUILDERS),
    "ecdsa-rdfc-2019": (USUAL,),
    "EdDSA": (USUAL,),
    "ES256": (USUAL,),
    "RS256": (USUAL,),
}
"""Which documents are measured in which form; the last three are JWTs."""


@dataclass
class Figure:
    """What one subject took for one task on one document, round by round."""

    medians_us: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    calls: int = 0

    def add(self, answer: Mapping[str, float]) -> None:
        self.medians_us.append(answer["median_us"])
        self.cpu_us.append(answer["cpu_us"])
        self.calls += int(answer["calls"])

    @property
    def us(self) -> float:
        return median(self.medians_us)

    def to_json(self) -> dict[str, Any]:
        return {
            "median_us": round(self.us, 1),
            "lowest_round_us": round(min(self.medians_us), 1),
            "highest_round_us": round(max(self.medians_us), 1),
            "cpu_us": round(median(self.cpu_us), 1),
            "calls": self.calls,
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
        for _ in range(rounds):
            for (form, document, name), subject in ready.items():
                for task in TASKS:
                    figure = figures.setdefault((form, document, task), {}).setdefault(name, Figure())
                    figure.add(subject.measure(form, document, task, seconds))
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


def _prepare(
    subjects: Mapping[str, Process], reasons: dict[str, dict[str, str]]
) -> dict[tuple[Form, str, str], Process]:
    """Who takes part where; why not is added to `reasons`."""
    ready: dict[tuple[Form, str, str], Process] = {}
    for form, documents in FORMS.items():
        for document in documents:
            for name, subject in subjects.items():
                try:
                    subject.prepare(form, document, BUILDERS[document](ISSUER))
                except Exception as reason:
                    reasons.setdefault(name, {})[f"{form}, {document}"] = str(reason)
                else:
                    ready[form, document, name] = subject
    return ready


def ratios(figures: Figures, form: Form, document: str, task: str) -> tuple[float | None, float]:
    """How many times faster than the fastest peer ours is (None without one), and how many raw signatures it costs."""
    by_name = figures[form, document, task]
    ours = by_name[OURS].us
    others = [figure.us for name, figure in by_name.items() if name in PEERS]
    return min(others) / ours if others else None, ours / by_name[RAW].us


def _summary(figures: Figures) -> list[dict[str, Any]]:
    found = []
    for form, document, task in figures:
        faster, cost = ratios(figures, form, document, task)
        found.append(
            {
                "form": form,
                "document": document,
                "task": task,
                "times_fastest_peer": None if faster is None else round(faster, 2),
                "times_raw": round(cost, 2),
            }
        )
    return found


def last_line(summary: list[dict[str, Any]]) -> str:
    """The one line that says it all, of the 36-quad document under eddsa-rdfc-2022."""
    of = {
        one["task"]: one for one in summary if one["form"] == "eddsa-rdfc-2022" and one["document"] == USUAL
    }
    faster = {task: one["times_fastest_peer"] for task, one in of.items()}
    shown = {
        task: "no peer to compare with" if x is None else f"{x:.1f}x the fastest peer"
        for task, x in faster.items()
    }
    return f"verify: {shown['verify']}, {of['verify']['times_raw']:.1f}x raw Ed25519; issue: {shown['issue']}"


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
        faster = [ratios(figures, form, document, task)[0] for document in documents for task in TASKS]
        rows.append(["ours: times the fastest peer", *("-" if x is None else f"{x:.1f}" for x in faster)])
        costs = [ratios(figures, form, document, task)[1] for document in documents for task in TASKS]
        rows.append(["ours: times the raw signature", *(f"{x:.1f}" for x in costs)])
        table(f"{form}, microseconds", ["", *columns], rows)
    print("Versions: " + "; ".join(f"{name} {version}" for name, version in versions.items()))
    for name, why in reasons.items():
        for where, reason in why.items():
            print(f"Not measured: {name}, {where}: {reason}")
