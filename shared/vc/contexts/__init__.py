"""JSON-LD contexts, pinned: an address stands for one body with one SHA-256, and none is ever fetched.

Which file came from which package, and under which licence, stands in `sources.json` beside the bodies. An address
may have had several bodies over time (Open Badges 3.0.3 had three); the first listed is the one in use, the others
are `alternatives`, because a signature made under one of them does not verify under another.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from shared.vc import strict_json
from shared.vc.errors import UnknownContext, VcError

CREDENTIALS_V2 = "https://www.w3.org/ns/credentials/v2"
CREDENTIALS_V1 = "https://www.w3.org/2018/credentials/v1"
OPEN_BADGES_3 = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
OPEN_BADGES_3_EXTENSIONS = "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"
OPEN_BADGES_2 = "https://w3id.org/openbadges/v2"
ED25519_2020 = "https://w3id.org/security/suites/ed25519-2020/v1"
DATA_INTEGRITY_V2 = "https://w3id.org/security/data-integrity/v2"

_SHA256 = re.compile(r"[0-9a-f]{64}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")


class ContextFilesRefused(VcError):
    """A directory of contexts whose files are not what its sources.json says."""


@dataclass(frozen=True, slots=True)
class PinnedContext:
    """One body of one context. `document` is the parsed body and must not be changed."""

    url: str
    body: bytes
    sha256: str
    document: Mapping[str, Any]


class ContextStore:
    """The contexts that documents may name. Immutable; what is compiled from it hangs in `derived`."""

    def __init__(self, bodies: Mapping[str, tuple[PinnedContext, ...]]) -> None:
        self._bodies = dict(bodies)
        self.derived: dict[str, Any] = {}
        self._variants: dict[tuple[str, str], ContextStore] = {}

    @classmethod
    def builtin(cls, extra: Path | None = None) -> "ContextStore":
        """The contexts that ship with this library, and an operator's own in `extra` (see `with_extra`).

        One store per process, so that its tables are made once.
        """
        return _builtin() if extra is None else _builtin().with_extra(extra)

    def with_extra(self, directory: Path) -> "ContextStore":
        """A store that also knows an operator's own contexts.

        Args:
            directory: holds `sources.json` (a list of {"file", "urls", "sha256"}) and the files it names.

        Returns:
            A new store. A body for an address already known becomes an alternative, never a replacement.

        Raises:
            ContextFilesRefused: a file is missing, not a context, or has another SHA-256.
        """
        bodies = dict(self._bodies)
        for context in _read(directory):
            known = bodies.get(context.url, ())
            if all(context.sha256 != other.sha256 for other in known):
                bodies[context.url] = (*known, context)
        return ContextStore(bodies)

    def get(self, url: str) -> PinnedContext:
        """The body in use for an address. Raises UnknownContext."""
        try:
            return self._bodies[url][0]
        except KeyError:
            raise UnknownContext(url) from None

    def alternatives(self, url: str) -> tuple[PinnedContext, ...]:
        """Other bodies published under the same address, in the order in which they should be tried."""
        return self._bodies.get(url, ())[1:]

    def using(self, url: str, sha256: str) -> "ContextStore":
        """This store with another known body in use for `url`. The same arguments give the same store."""
        known = self._variants.get((url, sha256))
        if known is None:
            chosen = [body for body in self._bodies.get(url, ()) if body.sha256 == sha256]
            if not chosen:
                raise UnknownContext(url)
            others = [body for body in self._bodies[url] if body.sha256 != sha256]
            known = ContextStore({**self._bodies, url: (*chosen, *others)})
            self._variants[url, sha256] = known
        return known

    def candidates(self, urls: Iterable[str]) -> "Iterator[ContextStore]":
        """This store first, then one per alternative body of the addresses given: what a verifier tries in turn."""
        yield self
        for url in urls:
            for other in self.alternatives(url):
                yield self.using(url, other.sha256)

    def urls(self) -> tuple[str, ...]:
        """Every address known, in order."""
        return tuple(self._bodies)

    def __contains__(self, url: object) -> bool:
        return url in self._bodies


@cache
def _builtin() -> ContextStore:
    bodies: dict[str, tuple[PinnedContext, ...]] = {}
    here = Path(__file__).parent
    for context in _read(here, here / "data"):
        bodies[context.url] = (*bodies.get(context.url, ()), context)
    return ContextStore(bodies)


def _read(directory: Path, files: Path | None = None) -> Iterator[PinnedContext]:
    try:
        sources = strict_json.loads((directory / "sources.json").read_bytes())
    except FileNotFoundError:
        raise ContextFilesRefused("no_sources", f"{directory} holds no sources.json.") from None
    if not isinstance(sources, list):
        raise ContextFilesRefused("malformed_sources", "sources.json is not a list.")
    for source in sources:
        yield from _read_one(source, files or directory)


def _read_one(source: Any, files: Path) -> Iterator[PinnedContext]:
    if not isinstance(source, dict):
        raise ContextFilesRefused("malformed_sources", "sources.json holds something that is not an object.")
    name, urls, sha256 = source.get("file"), source.get("urls"), source.get("sha256")
    named = (
        isinstance(name, str)
        and _FILE.fullmatch(name)
        and isinstance(sha256, str)
        and _SHA256.fullmatch(sha256)
    )
    if not named or not isinstance(urls, list) or not all(isinstance(url, str) for url in urls):
        raise ContextFilesRefused("malformed_sources", "A source needs file, urls and sha256 (hexadecimal).")
    assert isinstance(name, str)
    assert isinstance(sha256, str)
    try:
        body = (files / name).read_bytes()
    except FileNotFoundError:
        raise ContextFilesRefused("missing_file", f"The context file {name} is missing.") from None
    if hashlib.sha256(body).hexdigest() != sha256:
        raise ContextFilesRefused(
            "wrong_digest", f"The context file {name} does not have the SHA-256 noted for it."
        )
    document = strict_json.loads(body)
    if not isinstance(document, dict) or "@context" not in document:
        raise ContextFilesRefused("not_a_context", f"The file {name} is not a JSON-LD context.")
    for url in urls:
        yield PinnedContext(url, body, sha256, document)


__all__ = ["ContextFilesRefused", "ContextStore", "PinnedContext"]
