"""A relay or a consumer as a process of its own, which can be told to die by SIGKILL at a named point.

    python -m tests.harness.backbone_worker relay|consume <database url> <log> <topic> <group> [<point> <times>]

Points: `published` (published, not yet marked), `handled` (handler done, not yet committed), `committed` (consumer's
transaction committed, nothing told to the log).
"""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from datetime import timedelta

from shared.db import Database, WriteSession, on_commit
from shared.messaging import Event, Topic
from shared.messaging.log import Log, Record
from tests.harness.backbone import Backbone, note_effect, open_backbone_log


class Countdown:
    """Kills this process when passed for the n-th time; 0 never."""

    def __init__(self, times: int) -> None:
        self._left = times

    def tick(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class DyingLog:
    """The real log; the process dies after a `publish` that has succeeded."""

    def __init__(self, log: Log, countdown: Countdown) -> None:
        self._log = log
        self._countdown = countdown

    async def publish(self, records: Sequence[Record]) -> list[Exception | None]:
        results = await self._log.publish(records)
        self._countdown.tick()
        return results


async def main(role: str, url: str, where: str, topic: str, group: str, point: str, times: int) -> None:
    log, db = open_backbone_log(where), Database(url)
    countdown = Countdown(times)
    backbone = Backbone(db, db, log, Topic(topic, partitions=3), group)

    async def handle(session: WriteSession, event: Event) -> None:
        await note_effect(session, event)
        if point == "handled":
            countdown.tick()
        elif point == "committed":
            on_commit(session, countdown.tick)

    try:
        if role == "relay":
            publishing = DyingLog(log, countdown) if point == "published" else log
            await backbone.relay(publishing, lease=timedelta(seconds=1), idle=0.05, batch=7).run()  # type: ignore[arg-type]  # a test's log around the real one
        else:
            await backbone.consume(handle, batch=7).run()
    finally:
        await log.close()
        await db.close()


if __name__ == "__main__":
    named = [*sys.argv[1:], "never", "0"][:7]
    asyncio.run(main(named[0], named[1], named[2], named[3], named[4], named[5], int(named[6])))
