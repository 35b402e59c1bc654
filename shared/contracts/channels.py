"""Which events each topic carries: what `docs/asyncapi.yaml` is made of, and what the outbox holds producers to."""

from collections.abc import Mapping
from types import MappingProxyType

ERASED = "org.confer.event.erased.v1"
"""Takes the place of any event whose data were erased; on every topic that carries data by reference."""
PING = "org.confer.webhook.ping.v1"
"""What a webhook gets when it is tried out. On no topic."""


def _types(*stems: str) -> tuple[str, ...]:
    return tuple(f"org.confer.{stem}.v1" for stem in stems)


CHANNELS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "confer.issuer.profiles": _types(
            "profile.registered", "profile.changed", "profile.closed",
            "key.added", "key.retired", "key.compromised",
        ),
        "confer.issuer.achievements": _types("achievement.published", "achievement.archived"),
        "confer.issuer.status-lists": _types("status-list.changed"),
        "confer.issuer.credentials": _types(
            "credential.issued", "credential.replaced", "credential.revoked",
            "credential.suspended", "credential.reinstated",
        ),
        "confer.issuer.jobs": _types("job.completed"),
        "confer.backpack.holdings": _types(
            "credential.stored", "credential.accepted", "credential.declined",
            "credential.removed", "holder.erased",
        ),
        "confer.verifier.jobs": _types("job.completed"),
        "confer.directory.organisations": _types(
            "organisation.registered", "organisation.changed", "organisation.closed"
        ),
        "confer.directory.recognitions": _types("recognition.given", "recognition.withdrawn"),
    }
)  # fmt: skip
"""Topic -> the types of its events."""


def published_by(service: str) -> tuple[str, ...]:
    """The types of the events that a service publishes, sorted."""
    return tuple(
        sorted(
            {t for topic, types in CHANNELS.items() if topic.startswith(f"confer.{service}.") for t in types}
        )
    )
