"""Waking readers in other processes: each listens on a datagram socket in a common folder; a publisher rings all.

A datagram says only "look again". A full socket buffer means that the reader has been told already.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FolderRefused(OSError):
    """The folder of the sockets is somebody else's, or others may look into it: whoever made it could pose as a reader."""


class Bell:
    """The readers whose sockets are in `folder` (its path must be short: a socket's name has 107 bytes at most)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sender.setblocking(False)

    def make_folder(self) -> None:
        """Create the folder if it is not there; only this user may look into it.

        Raises FolderRefused for one that is there and is not this user's alone: names in `/tmp` can be taken by anybody.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self._ours():
            raise FolderRefused(f"{self.folder} has to be a folder of this user's own, with mode 0700")

    def _ours(self) -> bool:
        try:
            found = self.folder.lstat()
        except FileNotFoundError:
            return False
        return (
            stat.S_ISDIR(found.st_mode)
            and found.st_uid == os.getuid()
            and stat.S_IMODE(found.st_mode) == 0o700
        )

    def ring(self) -> None:
        """Wake every listener, in this process and in others; in a folder that is not ours there is none."""
        if not self._ours():
            return
        for path in self.folder.glob("*.bell"):
            try:
                self._sender.sendto(b"!", str(path))
            except BlockingIOError:
                continue
            except (ConnectionRefusedError, FileNotFoundError):
                path.unlink(missing_ok=True)  # its process has died

    @contextmanager
    def listen(self) -> Iterator[Listener]:
        """Be woken while the block lasts."""
        self.make_folder()
        path = self.folder / f"{os.getpid()}-{secrets.token_hex(4)}.bell"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
            receiver.setblocking(False)
            receiver.bind(str(path))
            try:
                yield Listener(receiver)
            finally:
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """Ring no more."""
        self._sender.close()


class Listener:
    """One listening socket."""

    def __init__(self, receiver: socket.socket) -> None:
        self._receiver = receiver

    def forget(self) -> None:
        """Drop what was heard so far. Call it before looking, so that nothing published after the look is missed."""
        try:
            while self._receiver.recv(16):
                pass
        except BlockingIOError:
            return

    async def wait(self, seconds: float) -> None:
        """Return when rung, or after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await asyncio.get_running_loop().sock_recv(self._receiver, 16)
        except TimeoutError:
            return
