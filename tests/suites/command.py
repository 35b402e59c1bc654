"""The VC-JOSE-COSE suite asks a program, which it starts with `docker compose run`: here it finds ours instead.

A folder with a program named `docker` is put in front of PATH; it hands over to `tests.suites.jose_cose`.
"""

import json
import os
import shlex
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.harness.processes import ROOT
from tests.suites.implementation import NAME
from tests.suites.mocha import configure

FEATURES = tuple(
    f"{what}_{how}" for what in ("credential", "presentation") for how in ("jose", "sdjwt", "cose")
)


@contextmanager
def installed(place: Path, *, refuse: bool) -> Iterator[dict[str, str]]:
    """The environment in which the suite at `place` finds our program, or one that refuses everything."""
    configure(
        place,
        {"name": NAME, "implementation": NAME, "jose-cose": {"features": dict.fromkeys(FEATURES, True)}},
    )
    for old in (place / "tests" / "output").glob("*.json"):
        old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "docker"
        if refuse:
            answer = json.dumps({"result": "failure", "data": ""})
            # What the suite gives last is where the answer goes, as the container would see it.
            body = (
                f'for last; do :; done\nprintf %s {shlex.quote(answer)} > {shlex.quote(str(place))}"$last"\n'
            )
        else:
            run = shlex.join([sys.executable, "-m", "tests.suites.jose_cose", str(place)])
            body = f'cd {shlex.quote(str(ROOT))} && exec {run} "$@"\n'
        program.write_text(f"#!/bin/sh\n{body}")
        program.chmod(0o755)
        yield {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
