# ruff: noqa: INP001  (a program that stands alone, no package)
"""For operators: follow a topic of Confer with a program of one's own. Needs `aiokafka` and nothing of Confer's.

    python deploy/examples/consumer.py --bootstrap localhost:9092 --group audit confer.directory.recognitions

What a reader has to know is here and in docs/events.md: the value is a CloudEvent; one subject is one sequence; an event may come
twice, so what was handled is remembered by subject; and the place in the log is kept only after the effect.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer


async def follow(bootstrap: str, group: str, topics: Sequence[str], count: int | None) -> None:
    """Print every event once, a line each, `count` of them or until interrupted."""
    consumer = AIOKafkaConsumer(
        *topics,
        bootstrap_servers=bootstrap,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    handled: dict[
        tuple[str, str], int
    ] = {}  # a real reader keeps this beside its effects, in one transaction
    printed = 0
    await consumer.start()
    try:
        async for record in consumer:
            event = json.loads(record.value)
            key, sequence = (record.topic, event["subject"]), int(event["sequence"])
            if sequence > handled.get(key, 0):
                handled[key] = sequence
                sys.stdout.write(json.dumps(event) + "\n")
                sys.stdout.flush()
                printed += 1
            await consumer.commit()
            if count is not None and printed >= count:
                return
    finally:
        await consumer.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description="Print the events of topics of Confer.")
    parser.add_argument("topics", nargs="+")
    parser.add_argument("--bootstrap", default="localhost:9092")
    parser.add_argument("--group", required=True, help="the name under which the place in the log is kept")
    parser.add_argument("--count", type=int, help="end after so many events")
    given = parser.parse_args()
    try:
        asyncio.run(follow(given.bootstrap, given.group, given.topics, given.count))
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
