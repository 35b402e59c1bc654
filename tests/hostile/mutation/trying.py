"""Trying changes: each has to be refused, or to leave the statement and what the report says as they were."""

import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from . import images, spelling, tokens
from .changes import Change, of_document, other_keys, spliced
from .judging import Judgement, Sample
from .statement import HOSTS_WORD, less, preserved, unordered

_SEED = 20260101


@dataclass
class Tally:
    """What became of the changes of one form: why refused, what was left as it was, and what stands and should not."""

    tried: int = 0
    same: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    kept: Counter[tuple[str, str]] = field(default_factory=Counter)
    standing: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        self.tried += other.tried
        self.same += other.same
        self.refused += other.refused
        self.kept += other.kept
        self.standing += other.standing


def changes_of(sample: Sample) -> Iterator[Change]:
    """All of them, in one order; the bytes that are flipped are the same in each run for one length."""
    choose = random.Random(_SEED)
    if sample.shape == "json":
        document = json.loads(sample.data)
        yield from of_document(document)
        yield from other_keys(document, sample.methods)
        if sample.other is not None:
            yield from spliced(document, json.loads(sample.other))
        yield from spelling.of_json(sample.data, choose)
    elif sample.shape == "jwt":
        yield from tokens.of_jwt(sample.data.decode(), choose, sample.methods)
        if sample.other is not None:
            yield from tokens.spliced(sample.data.decode(), sample.other.decode())
    elif sample.shape == "sd-jwt":
        yield from tokens.of_sd_jwt(sample.data.decode(), choose)
    else:
        yield from (images.of_png if sample.shape == "png" else images.of_svg)(sample.data, choose)


def tried(sample: Sample, changes: Iterable[Change]) -> Tally:
    """Judge each change. Raises AssertionError when the sample itself does not stand."""
    tally = Tally()
    original = sample.judge(sample.data)
    assert original.stands, f"{sample.form} ({sample.name}) does not stand: {original.reason}"
    for change in changes:
        made = change.made()
        if made == sample.data:
            tally.same += 1
            continue
        tally.tried += 1
        judgement = sample.judge(made)
        if not judgement.stands:
            tally.refused[judgement.reason] += 1
            continue
        why = preserved(sample, original, made, judgement)
        if why is None:
            tally.standing.append(_told(sample, change, "stands, and is another statement"))
        elif not _says_the_same(why, original, judgement):
            tally.standing.append(_told(sample, change, f"changes what the report says ({why})"))
        else:
            tally.kept[why, change.kind] += 1
    return tally


def _says_the_same(why: str, original: Judgement, changed: Judgement) -> bool:
    if why == HOSTS_WORD:
        return True
    if why == "the holder shows less":
        return less(changed.says, original.says)
    before, after = dict(original.says or {}), dict(changed.says or {})
    # What stands inside may be refused for its spelling alone; nothing else may come to be valid.
    return less(after.pop("inner", []), before.pop("inner", [])) and bool(
        unordered(before) == unordered(after)
    )


def _told(sample: Sample, change: Change, what: str) -> str:
    return f"{sample.form} ({sample.name}), {change.kind} at {change.place or 'the whole'}: {what}"


def share(changes: list[Change], number: int, seed: int = _SEED) -> list[Change]:
    """So many of them, the same in each run, with at least one of each kind."""
    choose = random.Random(seed)
    by_kind: dict[str, list[Change]] = {}
    for change in changes:
        by_kind.setdefault(change.kind, []).append(change)
    first = [choose.choice(ones) for ones in by_kind.values()]
    return first + choose.sample(changes, min(len(changes), max(0, number - len(first))))
