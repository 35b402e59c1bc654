"""The process that fuzzes one target: its arguments are the target and libFuzzer's own."""

import random
import sys

import atheris

with atheris.instrument_imports(include=["shared.vc"]):
    from tests.hostile.fuzz.targets import TARGETS

from tests.hostile.fuzz.running import timed
from tests.hostile.fuzz.seeds import words
from tests.hostile.fuzz.structure import restructured

STRUCTURED = {"json", "jsonld", "jcs", "status", "schema", "ob2", "verify", "presentation"}


def main() -> None:
    name = sys.argv[1]
    known = words()

    def mutated(data: bytes, most: int, seed: int) -> bytes:
        if random.Random(seed).random() < 0.5:
            made = restructured(data, most, seed, known)
            if made is not None:
                return made
        return bytes(atheris.Mutate(data, most))

    options = {"custom_mutator": mutated} if name in STRUCTURED else {}
    atheris.Setup([sys.argv[0], *sys.argv[2:]], timed(TARGETS[name]), **options)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
