"""The table of the corpus, as README.md shows it."""

from itertools import groupby
from pathlib import Path

from tests.hostile.corpus import ATTACKS

README = Path(__file__).with_name("README.md")
_HEAD = """\
# The hostile corpus

Each row is a generator in the module of its group; the last column is the code of the check (or of the problem) that
refuses it. `test_corpus.py` sends every one through the engine or the fence, and over HTTP to a running verifier, and holds
it to its code, its sentence and a number of steps. `python -m tests.hostile` measures what each costs, and whom it delays.

DNS whose answer changes between the check and the connection takes two answers and a connection, so it is staged in
`../fetch/test_fence.py`; generated values in every place, mutations and fuzzing are in `../vc`, `../mutation` and `../fuzz`.
"""


def written() -> str:
    """The whole of README.md."""
    parts = [_HEAD]
    for group, attacks in groupby(ATTACKS.values(), key=lambda attack: attack.group):
        rows = "".join(f"| `{one.name}` | {_plain(one.what)} | `{one.code}` |\n" for one in attacks)
        parts.append(f"\n## {group}\n\n| attack | what it does | refused as |\n|---|---|---|\n{rows}")
    return "".join(parts)


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
