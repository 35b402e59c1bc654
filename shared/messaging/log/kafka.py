"""The log on Apache Kafka, through aiokafka. What was proved about the pair stands in ADR 0003.

The producer is idempotent and waits for all in-sync replicas. Consumer groups only share out partitions; offsets are
kept in the consumer's own database. Topics are never created by writing to them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from aiokafka.structs import TopicPartition

from shared.messaging.envelope import MAX_EVENT_BYTES
from shared.messaging.log.kafka_cluster import MAX_REQUEST_BYTES, Cluster
from shared.messaging.log.protocol import (
    Entry,
    LogUnavailable,
    Partition,
    Positions,
    Record,
    RecordRefused,
)
from shared.messaging.topics import TOPICS, Topic

_REQUEST_MS = 8_000
_PUBLISH_SECONDS = 12.0
_ASK_SECONDS = 5.0
_MISSING_TOPIC_SECONDS = 2.0
_LOOK_FOR_TOPICS_SECONDS = 5.0
_BATCH_BYTES = 256 * 1024

_log = structlog.get_logger(__name__)


class KafkaLog:
    """The log of the Kafka cluster at `bootstrap` (`host:port,…`). Connects when first used."""

    def __init__(self, bootstrap: str, *, session_ms: int = 10_000) -> None:
        self._bootstrap = bootstrap
        self._session_ms = session_ms
        self._producer: AIOKafkaProducer | None = None
        self._cluster: Cluster | None = None
        self._starting = asyncio.Lock()
        self._asking = asyncio.Lock()
        self._ending: set[asyncio.Task[None]] = set()

    async def ensure_topics(self, topics: Sequence[Topic] = TOPICS) -> None:
        """Create the topics that are missing, on three replicas where there are as many brokers.

        Raises `LogUnavailable`.
        """
        async with self._ask() as cluster:
            await cluster.create(topics)

    async def publish(self, records: Sequence[Record]) -> list[Exception | None]:
        """Append records, each partition in their order; one result per record."""
        results: list[Exception | None] = [LogUnavailable("Kafka did not answer in time") for _ in records]
        try:
            with _translated():
                async with asyncio.timeout(_PUBLISH_SECONDS):
                    producer = await self._started_producer()
                    missing = await self._missing(producer, {record.topic for record in records})
                    await self._send(producer, records, missing, results)
        except LogUnavailable as error:
            _log.warning("kafka.publish_failed", reason=str(error))
            self._discard_producer()
        else:
            if any(isinstance(r, LogUnavailable) for r in results) and not missing:
                # An idempotent producer that has failed a batch cannot be trusted to number the next one.
                self._discard_producer()
        return results

    @asynccontextmanager
    async def consume(
        self, group: str, topics: Sequence[Topic], positions: Positions
    ) -> AsyncIterator[KafkaReader]:
        """A member of the group, with the partitions the group gives it."""
        consumer = self._consumer(group)
        listener = _Assignments(consumer, positions)
        await self._begin(consumer)
        try:
            # Subscribed after the start, which would otherwise wait for topics that nobody has made yet.
            consumer.subscribe([topic.name for topic in topics], listener=listener)
            yield KafkaReader(consumer, listener)
        finally:
            await self._end(consumer)

    @asynccontextmanager
    async def tail(
        self, topics: Sequence[Topic], start: Mapping[Partition, int]
    ) -> AsyncIterator[TailReader]:
        """Read all partitions of `topics` outside of any group."""
        consumer = self._consumer(None)
        await self._begin(consumer)
        try:
            reader = TailReader(self, consumer, topics, start)
            await reader.look_for_topics()
            yield reader
        finally:
            await self._end(consumer)

    async def ends(self, topics: Sequence[Topic]) -> Mapping[Partition, int]:
        """The offset after the last entry of each partition that exists. Raises `LogUnavailable`."""
        async with self._ask() as cluster:
            return await cluster.ends([topic.name for topic in topics])

    async def partitions(self, topics: Iterable[str]) -> list[Partition]:
        """The partitions of those topics that exist. Raises `LogUnavailable`."""
        async with self._ask() as cluster:
            return await cluster.partitions(topics)

    async def ping(self) -> None:
        """Return if a broker answers. Raises `LogUnavailable` otherwise."""
        await self.partitions(())

    async def close(self) -> None:
        """Close all connections."""
        self._discard_producer()
        self._discard_cluster()
        if self._ending:
            _, hanging = await asyncio.wait(self._ending, timeout=_ASK_SECONDS)
            for task in hanging:
                task.cancel()
            if hanging:
                await asyncio.wait(hanging, timeout=_ASK_SECONDS)

    def _consumer(self, group: str | None) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            request_timeout_ms=_REQUEST_MS + self._session_ms,
            session_timeout_ms=self._session_ms,
            heartbeat_interval_ms=self._session_ms // 5,
            metadata_max_age_ms=int(_LOOK_FOR_TOPICS_SECONDS * 1000),
            fetch_max_wait_ms=500,
        )

    async def _started_producer(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._bootstrap,
                    enable_idempotence=True,
                    acks="all",
                    request_timeout_ms=_REQUEST_MS,
                    max_request_size=MAX_REQUEST_BYTES,
                    max_batch_size=_BATCH_BYTES,
                    metadata_max_age_ms=60_000,
                )
                await self._begin(producer)
                self._producer = producer
            return self._producer

    async def _missing(self, producer: AIOKafkaProducer, topics: set[str]) -> set[str]:
        missing = set()
        for topic in topics:
            try:
                async with asyncio.timeout(_MISSING_TOPIC_SECONDS):
                    await producer.partitions_for(topic)
            except (TimeoutError, KafkaError):
                missing.add(topic)
        return missing

    async def _send(
        self,
        producer: AIOKafkaProducer,
        records: Sequence[Record],
        missing: set[str],
        results: list[Exception | None],
    ) -> None:
        """Fill `results` as answers come, so that they are right also if the time runs out."""
        waiting: dict[asyncio.Future[Any], int] = {}
        for index, record in enumerate(records):
            if record.topic in missing:
                results[index] = LogUnavailable(f"there is no topic {record.topic} (yet)")
            elif len(record.value) > MAX_EVENT_BYTES:
                results[index] = RecordRefused(f"longer than {MAX_EVENT_BYTES} bytes")
            else:
                sent = await producer.send(record.topic, record.value, key=record.key.encode())
                sent.add_done_callback(lambda done, index=index: _note(done, results, index))
                waiting[sent] = index
        if waiting:
            await asyncio.wait(waiting)

    @asynccontextmanager
    async def _ask(self) -> AsyncIterator[Cluster]:
        async with self._asking:
            try:
                with _translated():
                    async with asyncio.timeout(_ASK_SECONDS):
                        if self._cluster is None:
                            cluster = Cluster(self._bootstrap, request_ms=int(_ASK_SECONDS * 1000))
                            await self._begin(cluster)
                            self._cluster = cluster
                        yield self._cluster
            except LogUnavailable:
                self._discard_cluster()
                raise

    def _discard_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            self._begin_to_end(producer)  # not waited for: it still holds what it could not send

    def _discard_cluster(self) -> None:
        cluster, self._cluster = self._cluster, None
        if cluster is not None:
            self._begin_to_end(cluster)

    async def _begin(self, client: AIOKafkaProducer | AIOKafkaConsumer | Cluster) -> None:
        try:
            with _translated():
                await client.start()
        except BaseException:
            self._begin_to_end(client)
            raise

    async def _end(self, client: AIOKafkaConsumer) -> None:
        # In a task of its own: stopping cancels the client's own tasks, and that must not look like ours being cancelled.
        await asyncio.wait({self._begin_to_end(client)}, timeout=_ASK_SECONDS)

    def _begin_to_end(self, client: AIOKafkaProducer | AIOKafkaConsumer | Cluster) -> asyncio.Task[None]:
        task = asyncio.create_task(client.stop())
        self._ending.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._ending.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _log.warning("kafka.client_not_stopped", reason=type(error).__name__)


class KafkaReader:
    """What the group gave to this member."""

    def __init__(self, consumer: AIOKafkaConsumer, listener: _Assignments) -> None:
        self._consumer = consumer
        self._listener = listener

    async def read(self, limit: int, seconds: float) -> list[Entry]:
        """The next entries, waiting at most `seconds` for the first."""
        found = await _read(self._consumer, limit, seconds)
        if self._listener.error is not None:
            raise self._listener.error
        return found


class TailReader:
    """All partitions of some topics, also of topics that are made later."""

    def __init__(
        self,
        log: KafkaLog,
        consumer: AIOKafkaConsumer,
        topics: Sequence[Topic],
        start: Mapping[Partition, int],
    ) -> None:
        self._log = log
        self._consumer = consumer
        self._missing = {topic.name for topic in topics}
        self._offsets = dict(start)
        self._assigned: set[Partition] = set()
        self._next_look = 0.0

    async def look_for_topics(self) -> None:
        """Assign the partitions of topics that have come to exist."""
        self._next_look = time.monotonic() + _LOOK_FOR_TOPICS_SECONDS
        found = await self._log.partitions(self._missing)
        if not found:
            return
        self._assigned.update(found)
        self._missing -= {topic for topic, _ in found}
        with _translated():
            self._consumer.assign([TopicPartition(*partition) for partition in self._assigned])
            for partition in self._assigned:
                # Assigning anew forgets every position.
                self._consumer.seek(TopicPartition(*partition), self._offsets.get(partition, 0))

    async def read(self, limit: int, seconds: float) -> list[Entry]:
        """The next entries, waiting at most `seconds` for the first."""
        if self._missing and time.monotonic() >= self._next_look:
            await self.look_for_topics()
        if not self._assigned:
            await asyncio.sleep(min(seconds, _LOOK_FOR_TOPICS_SECONDS))
            return []
        found = await _read(self._consumer, limit, seconds)
        for entry in found:
            self._offsets[entry.topic, entry.partition] = entry.offset + 1
        return found


class _Assignments(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Moves a member to the positions in its own database whenever the group gives it partitions."""

    def __init__(self, consumer: AIOKafkaConsumer, positions: Positions) -> None:
        self.error: Exception | None = None
        self._consumer = consumer
        self._positions = positions

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Nothing to save: positions are saved with the effects."""

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Seek. A failure is kept for the reader to raise, because the client would swallow it."""
        partitions = [(each.topic, each.partition) for each in assigned]
        try:
            offsets = await self._positions(partitions)
            for partition in partitions:
                self._consumer.seek(TopicPartition(*partition), offsets.get(partition, 0))
        except Exception as error:  # noqa: BLE001  (raised by the reader: aiokafka swallows it here)
            self.error = error


async def _read(consumer: AIOKafkaConsumer, limit: int, seconds: float) -> list[Entry]:
    with _translated():
        found = await consumer.getmany(timeout_ms=int(seconds * 1000), max_records=limit)
    return [
        Entry(message.topic, message.partition, message.offset, _key(message.key), message.value or b"")
        for messages in found.values()
        for message in messages
    ]


def _note(done: asyncio.Future[Any], results: list[Exception | None], index: int) -> None:
    error = None if done.cancelled() else done.exception()
    if isinstance(error, MessageSizeTooLargeError):
        results[index] = RecordRefused("larger than the topic allows")
    elif error is not None or done.cancelled():
        results[index] = LogUnavailable(f"Kafka did not take it ({type(error).__name__})")
    else:
        results[index] = None


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (KafkaError, TimeoutError, OSError) as error:
        raise LogUnavailable(f"Kafka cannot be reached ({type(error).__name__})") from error
    except asyncio.CancelledError as error:
        # When its connections break the client cancels futures that we wait for: nobody asked this task to end.
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise LogUnavailable("Kafka's client gave up") from error


def _key(raw: bytes | None) -> str:
    # A foreign record with any other key is unreadable later on, which is for the consumer to say.
    return (raw or b"").decode(errors="replace")
