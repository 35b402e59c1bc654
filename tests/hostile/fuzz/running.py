"""How a target is run: what may come out of it, and what it may cost."""

import time
from collections.abc import Callable

Target = Callable[[bytes], None]
"""Takes any bytes, and raises for a defect of ours only."""

SECONDS = 2.0
"""Of processor time, for one input. Instrumented code is several times slower than it is in use."""


class Broken(AssertionError):
    """What holds for every input does not for this one."""


def timed(target: Target) -> Target:
    """The target, that also raises Broken for an input that takes too long."""

    def run(data: bytes) -> None:
        started = time.process_time()
        target(data)
        spent = time.process_time() - started
        if spent > SECONDS:
            raise Broken(f"{len(data)} bytes took {spent:.1f} s")

    return run


def require(held: bool, what: str) -> None:
    if not held:
        raise Broken(what)
