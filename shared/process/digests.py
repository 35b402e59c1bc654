"""A service's digest: what it keeps, in a file of JSON lines that can be compared with those of other services.

The first line says whose it is. Then `told` and `heard` lines (`shared.messaging.digest`), and the facts: what the service
owns (`own`) and what it keeps of others' (`copy`). No line names a person or an address.
"""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import IO

from shared.clock import to_rfc3339
from shared.db import new_id
from shared.messaging.digest import Line, event_lines
from shared.messaging.tables import tables_in
from shared.process.service import Service

VERSION = 1


async def write_digest(service: Service, path: Path) -> int:
    """Write the digest of a started service; returns how many lines it has. The file appears whole or not at all."""
    lines = 0
    with _whole(path) as file:
        async for line in _lines(service):
            file.write(json.dumps(line, separators=(",", ":"), sort_keys=True) + "\n")
            lines += 1
    return lines


async def _lines(service: Service) -> AsyncIterator[Line]:
    yield {
        "is": "digest",
        "version": VERSION,
        "service": service.name,
        "url": service.settings.public_url,
        "copies": list(service.copies),
        "at": to_rfc3339(service.clock()),
    }
    tables = tables_in(import_module(service.migrations).metadata)
    async for line in event_lines(service.db, tables):
        yield line
    async for fact in service.digest_facts():
        yield fact.line()


@contextmanager
def _whole(path: Path) -> Iterator[IO[str]]:
    unfinished = path.with_name(f"{path.name}.{new_id()}")
    try:
        with unfinished.open("w", encoding="utf-8") as file:
            yield file
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
