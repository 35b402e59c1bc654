"""`make bench`: how fast, beside whom, at what cost. Nothing here is a test; figures go to var/bench.json."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from tests.bench import cores, engine, growth, http, memory
from tests.bench.output import machine

RESULTS = Path("var") / "bench.json"
_BOTH_CORES = {"cores", "http"}

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def bench(
    only: Annotated[str, typer.Option(help="One part: engine, growth, memory, cores or http.")] = "",
    quick: Annotated[bool, typer.Option("--quick", help="Fewer repetitions: to see that it runs.")] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Memory over 200,000 credentials instead of 20,000.")
    ] = False,
) -> None:
    """Measure Confer beside its peers, on one core, and write var/bench.json."""
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "engine": lambda: engine.run(rounds=2 if quick else 5, seconds=0.2 if quick else 0.5),
        "growth": lambda: growth.run(seconds=0.1 if quick else 1),
        "memory": lambda: memory.run(credentials=200_000 if full else 1_000 if quick else 20_000),
        "cores": lambda: cores.run(credentials=800 if quick else 8_000, rounds=3 if quick else 5),
        "http": lambda: http.run(seconds=1 if quick else 10),
    }
    if only and only not in parts:
        raise typer.BadParameter(f"{only} is none of {', '.join(parts)}")
    about = machine()
    print(f"{about['processor']}, {about['cores']} cores, {about['system']}, Python {about['python']}")
    print(f"Load average {about['load_average']}" + _busy(about["load_average"][0]))
    available = os.sched_getaffinity(0)
    results: dict[str, Any] = {"machine": about}
    for name, run in parts.items():
        if only in {"", name}:
            os.sched_setaffinity(0, available if name in _BOTH_CORES else {max(available)})
            results[name] = run()
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(f"\nEverything is in {RESULTS}.")
    if "engine" in results:
        summary = results["engine"]["summary"]
        means = engine.last_line(summary, "mean_us")
        print(f"(by the mean call, with all collecting of garbage: {means})")
        print(engine.last_line(summary))


def _busy(load: float) -> str:
    return ": something else is running." if load > 0.5 else "."


if __name__ == "__main__":
    app()
