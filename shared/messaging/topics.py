"""Topics: named streams of events in the log."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

_NAME = re.compile(r"[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+")
PRIVATE_RETENTION = timedelta(days=14)


@dataclass(frozen=True)
class Topic:
    """A stream of events, ordered per key.

    `private` topics carry data about persons and must have a `retention`; public ones are kept for ever
    (`retention` is None). `partitions` applies to Kafka and never changes once the topic exists: a key would move.
    """

    name: str
    private: bool = False
    partitions: int = 6
    retention: timedelta | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or len(self.name) > 200:
            raise ValueError(f"not a topic name: {self.name!r}")
        if self.private and self.retention is None:
            raise ValueError(f"the private topic {self.name} needs a retention")
        if self.partitions < 1:
            raise ValueError(f"the topic {self.name} needs a partition")


# Every topic there is, with its key. The names are part of the contract between the services, like the schemas.
PROFILES = Topic("confer.issuer.profiles")  # profile DID
ACHIEVEMENTS = Topic("confer.issuer.achievements")  # achievement id
STATUS_LISTS = Topic("confer.issuer.status-lists")  # list URL
CREDENTIALS = Topic("confer.issuer.credentials", private=True, retention=PRIVATE_RETENTION)  # credential id
ISSUER_JOBS = Topic("confer.issuer.jobs", private=True, retention=PRIVATE_RETENTION)  # job id
HOLDINGS = Topic("confer.backpack.holdings", private=True, retention=PRIVATE_RETENTION)  # credential id
VERIFIER_JOBS = Topic("confer.verifier.jobs", private=True, retention=PRIVATE_RETENTION)  # job id
ORGANISATIONS = Topic("confer.directory.organisations")  # organisation id
RECOGNITIONS = Topic("confer.directory.recognitions")  # recognition id

TOPICS = (
    *(PROFILES, ACHIEVEMENTS, STATUS_LISTS, CREDENTIALS, ISSUER_JOBS),
    HOLDINGS,
    VERIFIER_JOBS,
    *(ORGANISATIONS, RECOGNITIONS),
)
