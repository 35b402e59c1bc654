"""`confer up`: the four services as real processes under one supervisor."""

import asyncio
import contextlib
import http.client
import os
import signal
import sys
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from shared.settings import PORTS

SERVICES = ("directory", "issuer", "verifier", "backpack")
_READY_WITHIN = 60.0
_REFUSED = 2
"""The exit status of a service that its settings keep from running: starting it again would change nothing."""
_RESTARTS_ALLOWED = 5
"""Restarts of one service within a minute before the supervisor gives up on all."""


@dataclass
class Child:
    name: str
    url: str
    log: Path
    process: asyncio.subprocess.Process | None = None
    starts: list[float] = field(default_factory=list)


def up(
    base_port: Annotated[
        int, typer.Option(help="Issuer here, backpack, verifier and directory on the next three.")
    ] = PORTS["issuer"],
    data_dir: Annotated[
        Path, typer.Option(help="Databases, event log, keys, mail and logs.", envvar="CONFER_DATA_DIR")
    ] = Path("var"),
) -> None:
    """Run issuer, backpack, verifier and directory until Ctrl-C.

    A service that dies is started again. Exit status 1 if one does not become ready or keeps dying.
    """
    environment = _environment(base_port, data_dir)
    try:
        status = asyncio.run(_Supervisor(environment, data_dir).run())
    except KeyboardInterrupt:
        status = 0
    raise typer.Exit(status)


def _environment(base_port: int, data_dir: Path) -> dict[str, str]:
    """The children's environment: what was set stays, the ports and URLs that were not set are filled in."""
    environment = dict(os.environ)
    environment["CONFER_DATA_DIR"] = str(data_dir)
    for name, usual in PORTS.items():
        port = environment.setdefault(f"CONFER_{name.upper()}_PORT", str(base_port + usual - PORTS["issuer"]))
        environment.setdefault(f"CONFER_{name.upper()}_URL", f"http://localhost:{port}")
    return environment


class _Supervisor:
    def __init__(self, environment: Mapping[str, str], data_dir: Path) -> None:
        self._environment = environment
        self._data_dir = data_dir
        logs = data_dir / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        self._children = [
            Child(name, environment[f"CONFER_{name.upper()}_URL"], logs / f"{name}.log") for name in SERVICES
        ]
        self._stopping = asyncio.Event()

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stopping.set)
        begun = time.monotonic()
        watchers = [asyncio.create_task(self._keep(child)) for child in self._children]
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            ready = asyncio.create_task(self._all_ready())
            await asyncio.wait({ready, stopping, *watchers}, return_when=asyncio.FIRST_COMPLETED)
            if not ready.done():
                ready.cancel()
                return 0 if self._stopping.is_set() else 1
            if not ready.result():
                return 1
            self._announce(time.monotonic() - begun)
            await asyncio.wait({stopping, *watchers}, return_when=asyncio.FIRST_COMPLETED)
            return 0 if self._stopping.is_set() else 1
        finally:
            self._stopping.set()
            await self._end(watchers)

    async def _keep(self, child: Child) -> None:
        """Start a child again whenever it ends, unless it ends too often; returns when it is given up."""
        while not self._stopping.is_set():
            now = time.monotonic()
            child.starts = [start for start in child.starts if now - start < 60.0] + [now]
            if len(child.starts) > _RESTARTS_ALLOWED:
                typer.echo(
                    f"{child.name} keeps ending; the last lines of {child.log}:\n{_tail(child.log)}", err=True
                )
                return
            with child.log.open("ab") as log:
                child.process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", f"services.{child.name}", "serve",
                    stdout=log, stderr=log, stdin=asyncio.subprocess.DEVNULL, env=dict(self._environment),
                    start_new_session=True,
                )  # fmt: skip
            status = await child.process.wait()
            if status == _REFUSED:
                typer.echo(
                    f"{child.name} cannot run with these settings:\n{_tail(child.log, lines=1)}", err=True
                )
                return
            if not self._stopping.is_set():
                typer.echo(f"{child.name} ended with status {status}; starting it again", err=True)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(
                        self._stopping.wait(), timeout=min(0.25 * 2 ** len(child.starts), 5.0)
                    )

    async def _all_ready(self) -> bool:
        late = [child for child in self._children if not await self._ready(child)]
        for child in late:
            typer.echo(
                f"{child.name} is not ready; the last lines of {child.log}:\n{_tail(child.log)}", err=True
            )
        return not late

    async def _ready(self, child: Child) -> bool:
        """Ask `/readyz` until it says yes; the pause between two questions is short because start-up is."""
        address = f"http://127.0.0.1:{self._environment[f'CONFER_{child.name.upper()}_PORT']}/readyz"
        deadline = time.monotonic() + _READY_WITHIN
        while time.monotonic() < deadline:
            if await asyncio.to_thread(_answers, address):
                return True
            await asyncio.sleep(0.1)
        return False

    def _announce(self, seconds: float) -> None:
        typer.echo(f"Confer is ready after {seconds:.1f} s:")
        for child in sorted(self._children, key=lambda c: c.url):
            typer.echo(f"  {child.name:<10} {child.url}    API: {child.url}/openapi.json")
        typer.echo(f"Data, keys, mail and logs: {self._data_dir.resolve()}")
        typer.echo("Play the whole story: make demo (or `confer demo`). Ctrl-C ends it.")

    async def _end(self, watchers: list["asyncio.Task[None]"]) -> None:
        running = [
            c.process for c in self._children if c.process is not None and c.process.returncode is None
        ]
        for process in running:
            process.terminate()
        if running:
            _, late = await asyncio.wait({asyncio.create_task(p.wait()) for p in running}, timeout=15)
            if late:
                for process in running:
                    if process.returncode is None:
                        process.kill()
        await asyncio.gather(*watchers, return_exceptions=True)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310  (our own loopback address)
            return bool(answer.status == 200)
    except (OSError, http.client.HTTPException):
        return False


def _tail(path: Path, lines: int = 15) -> str:
    if not path.exists():
        return "(nothing)"
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
