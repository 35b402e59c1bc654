"""Making again what was made from events: throw a projection away, read again from the start, publish again."""

from collections.abc import Sequence
from importlib import import_module

from shared.messaging import dead_letters
from shared.messaging.tables import MessagingTables, tables_in
from shared.messaging.topics import TOPICS, Topic
from shared.process.service import Projection, Service


class NotPossible(Exception):
    """There is no such thing to rebuild or to publish; the message says what there is."""


async def rebuild(service: Service, consumer: str = "") -> Sequence[str]:
    """Throw projections away and have the consumers read their topics from the beginning, in one transaction each.

    Running consumers notice and begin again by themselves. What people decided and what was erased stays as it is.

    Args:
        service: made and not necessarily started.
        consumer: only the projection of this one; all of the service's by default.

    Returns:
        A line for each: what was thrown away, and what else is to be done.

    Raises:
        NotPossible: the service has no such projection.
    """
    if not consumer and not service.projections():
        return [f"the {service.name} keeps nothing that is made from events; its caches begin empty"]
    tables = _tables(service)
    lines: list[str] = []
    for projection in _chosen(service, consumer):
        async with service.db.write() as session:
            count = await projection.discard(session)
            for topic in projection.topics:
                await dead_letters.rewind(session, tables, projection.consumer, topic.name, again=True)
        names = ", ".join(topic.name for topic in projection.topics)
        lines.append(f"{projection.consumer}: {count} to be made again from {names}")
        lines += [_to_ask(topic) for topic in projection.topics if topic.private]
    return lines


async def rewind(service: Service, consumer: str = "") -> Sequence[str]:
    """Have consumers read their topics from the beginning without throwing anything away: after the log was lost.

    What was handled before is dropped as a duplicate. Raises NotPossible.
    """
    tables = _tables(service)
    chosen = _chosen(service, consumer)
    async with service.db.write() as session:
        for projection in chosen:
            for topic in projection.topics:
                await dead_letters.rewind(session, tables, projection.consumer, topic.name)
    return [f"{projection.consumer}: reads from the beginning" for projection in chosen]


async def republish(service: Service, topic: str = "", subject: str = "") -> Sequence[str]:
    """Have the relay publish again what this service told: everything, one topic, or one key of it.

    The same events with the same ids and sequences; data erased meanwhile are left out. Raises NotPossible.
    """
    tables = _tables(service)
    known = [each.name for each in TOPICS if each.name.split(".")[1] == service.name]
    if topic and topic not in known:
        raise NotPossible(f"the {service.name} publishes {', '.join(known) or 'nothing'}")
    if subject and not topic:
        raise NotPossible("a subject belongs to a topic: name it too")
    lines: list[str] = []
    for name in [topic] if topic else known:
        async with service.db.write() as session:
            count = await dead_letters.republish(session, tables, name, subject or None)
        lines.append(f"{name}: {count} events to be published again")
    return lines


def _chosen(service: Service, consumer: str) -> Sequence[Projection]:
    every = service.projections()
    chosen = [each for each in every if consumer in ("", each.consumer)]
    if not chosen:
        there = ", ".join(each.consumer for each in every) or "nothing that is made from events alone"
        raise NotPossible(f"the {service.name} has {there}")
    return chosen


def _tables(service: Service) -> MessagingTables:
    return tables_in(import_module(service.migrations).metadata)


def _to_ask(topic: Topic) -> str:
    owner = topic.name.split(".")[1]
    return (
        f"{topic.name} is kept for {topic.retention and topic.retention.days} days only: "
        f"let the {owner} publish it again (python -m services.{owner} republish --topic {topic.name})"
    )
