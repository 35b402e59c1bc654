"""`make suites SUITES=<folder>`: the W3C's suites against our services over https, in one table."""

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from tests.harness.processes import free_port
from tests.suites import command
from tests.suites.catalogue import SUITES, Suite
from tests.suites.front import refusing
from tests.suites.implementation import Instances, manifest_without_services
from tests.suites.mocha import Results, configure, run
from tests.suites.prepare import NotPrepared, prepare
from tests.suites.stack import stack
from tests.suites.table import Row, print_failures, print_table

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    suites: Annotated[Path, typer.Option(help="The folder with the suites' checkouts; see docs/suites.md.")],
    only: Annotated[str, typer.Option(help="Suites whose name or folder holds this text.")] = "",
    floor: Annotated[
        bool, typer.Option("--floor", help="Only the server that refuses everything, without our services.")
    ] = False,
    logs: Annotated[
        Path | None, typer.Option(help="Where logs and results are kept; otherwise nowhere.")
    ] = None,
) -> None:
    """Prepare the suites, start the services, run each suite against them and against a server that refuses everything."""
    chosen = [each for each in SUITES if only.lower() in f"{each.name} {each.folder}".lower()]
    with ExitStack() as running:
        folder = logs or Path(running.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        try:
            places = {suite.name: prepare(suites.resolve(), suite) for suite in chosen}
        except NotPrepared as missing:
            typer.echo(str(missing), err=True)
            raise typer.Exit(2) from missing
        rows = [Row(suite.name, None, _floor(suite, places[suite.name], folder)) for suite in chosen]
        if not floor:
            ours = _Ours(running, suites)
            for row, suite in zip(rows, chosen, strict=True):
                row.ours = ours.results(suite, places[suite.name], folder)
        print_table(rows)
        print_failures(rows)
    sys.exit(0 if floor or all(row.ours is not None and not row.ours.failed for row in rows) else 1)


def _floor(suite: Suite, place: Path, logs: Path) -> Results:
    log = logs / f"{suite.folder}.floor.log"
    if suite.engine == "command":
        with command.installed(place, refuse=True) as environment:
            return run(place, suite.files, log, environment)
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, refusing(Path(folder), port):
        configure(place, manifest_without_services(suite, f"https://localhost:{port}/"))
        return run(place, suite.files, log)


class _Ours:
    """Our services, started when the first suite wants them, and the program for the suite that wants one."""

    def __init__(self, running: ExitStack, suites: Path) -> None:
        self._running = running
        self._suites = suites
        self._instances: Instances | None = None

    def results(self, suite: Suite, place: Path, logs: Path) -> Results:
        log = logs / f"{suite.folder}.log"
        if suite.engine == "command":
            with command.installed(place, refuse=False) as environment:
                return run(place, suite.files, log, environment)
        if self._instances is None:
            state = Path(self._running.enter_context(tempfile.TemporaryDirectory()))
            self._instances = Instances(self._running.enter_context(stack(state, self._suites)))
        configure(place, *self._instances.manifests(suite))
        return run(place, suite.files, log)


if __name__ == "__main__":
    app()
