"""Servers that tests start: each ends with the test run, however that ends, and only those are ever ended."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Missing(Exception):
    """Something this machine lacks; the message is one line for a skipped test."""


def free_port() -> int:
    """A TCP port on the loopback interface that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def start(
    command: Sequence[str],
    log: Path,
    *,
    user: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> "subprocess.Popen[bytes]":
    """Start a server, its output in `log`. With `user`, run it as that user (only root can)."""
    setpriv = shutil.which("setpriv")
    prefix: list[str] = []
    if setpriv:
        # The kernel kills it if the test run dies without tidying up.
        prefix = [setpriv, "--pdeathsig", "KILL"]
        if user:
            prefix += ["--reuid", user, "--regid", group_of(user), "--clear-groups"]
    elif user:
        raise Missing("no setpriv (util-linux) to run a server as another user than root")
    with log.open("ab") as output:
        return subprocess.Popen(
            [*prefix, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env={**os.environ, **(environment or {})},
        )


def group_of(user: str) -> str:
    """The primary group of a user, by number."""
    import pwd

    return str(pwd.getpwnam(user).pw_gid)


def stop(process: "subprocess.Popen[bytes]", how: signal.Signals, seconds: float = 15) -> None:
    """End a process we started: politely, then for certain."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGCONT)
    process.send_signal(how)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


def until(
    ready: Callable[[], bool],
    process: "subprocess.Popen[bytes]",
    log: Path,
    seconds: float,
) -> None:
    """Wait until the server is ready; if it ends or takes too long, show the end of its log."""
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            tail = log.read_text(errors="replace")[-3000:]
            raise RuntimeError(f"{process.args!r} did not become ready (exit {process.poll()}):\n{tail}")
        time.sleep(0.05)
