"""Choosing a representation (RFC 9110 §12.5.1)."""

import re
from collections.abc import Sequence

from shared.http.problems import NotAcceptable

_MAX_RANGES = 64
_RANGE = re.compile(r"\s*([!#$%&'*+.^_`|~\w-]+)/([!#$%&'*+.^_`|~\w-]+)\s*(.*)", re.DOTALL)
_QUALITY = re.compile(r";\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*(?:;|$)", re.IGNORECASE)


def negotiate(accept: str | None, offered: Sequence[str]) -> str:
    """The offered media type the caller likes best; on a tie, the one offered first.

    Arguments: `accept` is the header (None: anything goes), `offered` media types in our order of preference,
    such as `application/ld+json` or `application/ld+json; profile="…"`. Parameters other than `q` are compared
    only if the range carries them. Raises NotAcceptable, naming what there is.
    """
    if accept is None or not accept.strip():
        return offered[0]
    ranges = [_parse(part) for part in _split(accept)[:_MAX_RANGES]]
    best, best_quality = None, 0.0
    for candidate in offered:
        quality = _quality(candidate, ranges)
        if quality > best_quality:
            best, best_quality = candidate, quality
    if best is None:
        raise NotAcceptable("Ask for one of the media types in `available`.", available=list(offered))
    return best


def prefers_html(accept: str | None) -> bool:
    """Whether a browser is asking: HTML is liked better than JSON. `*/*` is no browser."""
    if accept is None or "text/html" not in accept.lower():
        return False
    return negotiate_or_none(accept, ("application/json", "text/html")) == "text/html"


def negotiate_or_none(accept: str | None, offered: Sequence[str]) -> str | None:
    """As `negotiate`, with None where nothing fits."""
    try:
        return negotiate(accept, offered)
    except NotAcceptable:
        return None


def _split(accept: str) -> list[str]:
    """At commas outside of quoted parameters."""
    return re.findall(r'(?:[^,"]|"(?:\\.|[^"\\])*")+', accept)


def _parse(text: str) -> tuple[str, str, dict[str, str], float] | None:
    match = _RANGE.fullmatch(text)
    if match is None:
        return None
    quality = 1.0
    rest = match[3]
    if found := _QUALITY.search(rest):
        quality = float(found[1])
        rest = rest[: found.start()]
    return match[1].lower(), match[2].lower(), _parameters(rest), quality


def _parameters(text: str) -> dict[str, str]:
    found = re.findall(r';\s*([\w!#$&.+^-]+)\s*=\s*("(?:\\.|[^"\\])*"|[^;\s]*)', text)
    return {name.lower(): value.strip('"') for name, value in found}


def _quality(candidate: str, ranges: Sequence[tuple[str, str, dict[str, str], float] | None]) -> float:
    """The quality the most specific matching range gives it."""
    parsed = _parse(candidate)
    assert parsed is not None, f"{candidate!r} is no media type"
    kind, subtype, parameters, _ = parsed
    best_rank, quality = -1, 0.0
    for each in ranges:
        if each is None:
            continue
        range_kind, range_subtype, wanted, range_quality = each
        if range_kind not in {"*", kind} or range_subtype not in {"*", subtype}:
            continue
        if any(parameters.get(name) != value for name, value in wanted.items()):
            continue
        rank = (range_kind != "*") + (range_subtype != "*") + len(wanted)
        if rank > best_rank:
            best_rank, quality = rank, range_quality
    return quality
