"""A private PostgreSQL server, with one database per test copied from a template."""

import asyncio
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # no types

from tests.harness.processes import Missing, free_port, start, stop, until

_OWNER = "confer"
_UNPRIVILEGED = "nobody"
# Nothing here outlives the test run, so power loss does not matter; process death still loses nothing.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "autovacuum_naptime": "10s",
    "log_min_messages": "warning",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
}


class PostgreSQL:
    """A server of our own that can be ended, stopped and started again on the same data."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self._binaries = binaries
        self._data = folder / "data"
        self._log = folder / "server.log"
        self._port = free_port()
        # initdb and postgres refuse to run as root.
        self._user = _UNPRIVILEGED if os.geteuid() == 0 else None
        self._templates: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None
        if self._user:
            owner = pwd.getpwnam(self._user)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        initialise = [str(binaries / "initdb"), "-D", str(self._data), "-U", _OWNER, "-A", "trust"]
        made = start([*initialise, "-E", "UTF8", "--locale=C", "--no-sync"], self._log, user=self._user)
        if made.wait(60) != 0:
            raise RuntimeError(f"initdb failed:\n{self._log.read_text()[-2000:]}")

    def start(self) -> None:
        """Start it and wait until it answers."""
        settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        command = [str(self._binaries / "postgres"), "-D", str(self._data), "-p", str(self._port), *settings]
        self._process = start(command, self._log, user=self._user)
        until(self._answers, self._process, self._log, 60)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT breaks off what is going on, SIGQUIT is a crash with recovery at the next start."""
        if self._process is not None:
            stop(self._process, how)

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of a database."""
        return f"postgresql+asyncpg://{_OWNER}@127.0.0.1:{self._port}/{database}"

    def create(self, template: str = "template0") -> str:
        """A fresh database like `template`; returns its URL."""
        name = f"test_{secrets.token_hex(6)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def template(self, name: str, prepare: Callable[[str], None]) -> str:
        """A template filled once per run by `prepare(url)`; returns the name that `create` takes."""
        if name not in self._templates:
            database = f"template_{name}"
            self.execute(f'CREATE DATABASE "{database}" TEMPLATE template0')
            prepare(self.url(database))
            self._templates[name] = database
        return self._templates[name]

    def drop(self, url: str) -> None:
        """Remove a database, also when someone is still connected."""
        name = url.rpartition("/")[2]
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def execute(self, statement: str) -> None:
        """Run one statement as the server's owner."""

        async def run() -> None:
            connection = await self._connect()
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        _apart(run())

    async def _connect(self) -> Any:
        return await asyncpg.connect(
            host="127.0.0.1", port=self._port, user=_OWNER, database="postgres", timeout=10
        )

    def _answers(self) -> bool:
        try:
            self.execute("SELECT 1")
        except (OSError, asyncpg.PostgresError):
            return False
        return True


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """A running server. Raises `Missing` if this machine has none."""
    binaries = _binaries()
    with tempfile.TemporaryDirectory(prefix="confer-postgres-", ignore_cleanup_errors=True) as folder:
        server = PostgreSQL(Path(folder), binaries)
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _binaries() -> Path:
    """The folder of a server on this machine: Debian keeps it out of the PATH."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: float(place.parent.name))
    found = shutil.which("postgres")
    if found:
        places.append(Path(found).resolve().parent)
    for place in reversed(places):
        if (place / "initdb").is_file() and (place / "postgres").is_file():
            return place
    raise Missing("no PostgreSQL server: install Debian's postgresql, or put postgres and initdb on the PATH")


def _apart(work: Coroutine[Any, Any, None]) -> None:
    """Run `work` in a thread of its own, because the caller may have an event loop in this one."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, work).result()
