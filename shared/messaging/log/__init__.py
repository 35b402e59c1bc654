"""The durable log behind all events: `open_log` chooses its driver."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from shared.messaging.log.protocol import (
    Entry,
    Log,
    LogUnavailable,
    Partition,
    Positions,
    Reader,
    Record,
    RecordRefused,
)

__all__ = [
    "Entry",
    "Log",
    "LogSettings",
    "LogUnavailable",
    "Partition",
    "Positions",
    "Reader",
    "Record",
    "RecordRefused",
    "open_log",
]


class LogSettings(Protocol):
    """What `open_log` needs to know; `ServiceSettings` has it."""

    @property
    def kafka_bootstrap(self) -> str | None: ...
    @property
    def data_dir(self) -> Path: ...


def open_log(settings: LogSettings) -> Log:
    """The log of these settings: Kafka at `kafka_bootstrap`, or else the file `log.sqlite3` in `data_dir`.

    Returns at once, whether or not the log can be reached.
    """
    # Imported here: a service on the local log does not pay for the Kafka client, nor the other way round.
    if settings.kafka_bootstrap:
        from shared.messaging.log.kafka import KafkaLog

        return KafkaLog(settings.kafka_bootstrap)
    from shared.messaging.log.local import LocalLog

    return LocalLog(settings.data_dir / "log.sqlite3")
