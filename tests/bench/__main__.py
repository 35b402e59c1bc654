"""`make bench`: how fast, beside whom, at what cost. Nothing here is a test; figures go to var/bench.json."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from tests.bench import engine
from tests.bench.output import machine

RESULTS = Path("var") / "bench.json"

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
        "engine": lambda: engine.run(rounds=2 if quick else 7, seconds=0.15 if quick else 0.5),
    }
    if only and only not in parts:
        raise typer.BadParameter(f"{only} is none of {', '.join(parts)}")
    about = machine()
    print(f"{about['processor']}, {about['cores']} cores, {about['system']}, Python {about['python']}")
    print(f"Load average {about['load_average']}" + _busy(about["load_average"][0]))
    cores = os.sched_getaffinity(0)
    results: dict[str, Any] = {"machine": about}
    for name, run in parts.items():
        if only in {"", name}:
            os.sched_setaffinity(0, cores if name == "cores" else {max(cores)})
            results[name] = run()
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(f"\nEverything is in {RESULTS}.")
    if "engine" in results:
        print(engine.last_line(results["engine"]["summary"]))


def _busy(load: float) -> str:
    return ": something else is running, so only ratios mean anything." if load > 0.5 else "."


if __name__ == "__main__":
    app()
