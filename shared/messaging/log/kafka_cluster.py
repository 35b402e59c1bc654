"""What a Kafka cluster says about itself, and the making of topics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.structs import TopicPartition

from shared.messaging.envelope import MAX_EVENT_BYTES
from shared.messaging.log.protocol import LogUnavailable, Partition
from shared.messaging.topics import Topic

MAX_REQUEST_BYTES = MAX_EVENT_BYTES + 64 * 1024  # room for the record around the largest event
_REPLICAS = 3
_ALREADY_EXISTS = 36  # error code of CreateTopics


class Cluster:
    """Connections to ask the cluster about itself."""

    def __init__(self, bootstrap: str, *, request_ms: int) -> None:
        self._admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=request_ms)
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            enable_auto_commit=False,
            request_timeout_ms=request_ms,
        )

    async def start(self) -> None:
        """Connect."""
        await self._admin.start()
        await self._consumer.start()

    async def stop(self) -> None:
        """Disconnect."""
        await self._consumer.stop()
        await self._admin.close()

    async def partitions(self, topics: Iterable[str]) -> list[Partition]:
        """The partitions of those topics that exist."""
        wanted = set(topics)
        existing = wanted & set(await self._admin.list_topics())
        if not existing:
            return []
        described = await self._admin.describe_topics(sorted(existing))
        return sorted((each["topic"], p["partition"]) for each in described for p in each["partitions"])

    async def ends(self, topics: Iterable[str]) -> dict[Partition, int]:
        """The offset after the last entry of each partition that exists."""
        partitions = [TopicPartition(*partition) for partition in await self.partitions(topics)]
        if not partitions:
            return {}
        found = await self._consumer.end_offsets(partitions)
        return {(each.topic, each.partition): offset for each, offset in found.items()}

    async def create(self, topics: Sequence[Topic]) -> None:
        """Create the topics that are missing, on three replicas where there are as many brokers."""
        cluster = await self._admin.describe_cluster()
        replicas = min(_REPLICAS, len(cluster["brokers"]))
        existing = set(await self._admin.list_topics())
        new = [_new_topic(topic, replicas) for topic in topics if topic.name not in existing]
        if not new:
            return
        answer = (await self._admin.create_topics(new)).to_object()
        for result in answer["topic_errors"]:
            if result["error_code"] not in {0, _ALREADY_EXISTS}:
                raise LogUnavailable(f"cannot create {result['topic']}: {result['error_message']}")


def _new_topic(topic: Topic, replicas: int) -> NewTopic:
    forever = -1
    kept = forever if topic.retention is None else int(topic.retention.total_seconds() * 1000)
    settings = {
        "cleanup.policy": "delete",
        "retention.ms": str(kept),
        "retention.bytes": str(forever),
        "max.message.bytes": str(MAX_REQUEST_BYTES),
        "min.insync.replicas": str(max(1, replicas - 1)),
    }
    return NewTopic(topic.name, topic.partitions, replicas, topic_configs=settings)
