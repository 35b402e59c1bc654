"""What a folder of samples serves, and what issuers would have to publish for its keys to be theirs."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from shared.vc import strict_json
from shared.vc.baking import ImageRefused, Unrecognised, extract
from shared.vc.errors import VcError
from shared.vc.fetching import Fetched, FetchRefused
from shared.vc.proofs import jws

Json = dict[str, Any]
NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
# The official validator's own tests map these hosts onto the folder with this name.
_ASSET_HOSTS, _ASSETS = {"example.org", "www.example.org"}, "assets"
_EXTENSION = re.compile(r"https://openbadgespec\.org/extensions/(\w+)/schema\.json")


class World:
    """A `Fetch` over the files of a folder. `more` adds files by URL.

    An address is that of a file's own `id`, of an asset's name on the hosts of the validator's tests, or of an
    Open Badges 2.0 extension's context beside its schema. `own` and `published` belong to one sample.
    """

    def __init__(self, folder: Path, more: Mapping[str, Path] | None = None) -> None:
        self._by_id: dict[str, bytes] = {}
        self._assets: dict[str, bytes] = {}
        for path in sorted(folder.rglob("*.json")):
            self._take(path)
        self._by_id |= {url: path.read_bytes() for url, path in (more or {}).items()}
        self.own: dict[str, bytes] = {}
        self.published: dict[str, bytes] = {}

    def _take(self, path: Path) -> None:
        body = path.read_bytes()
        try:
            document = json.loads(body)
        except ValueError:
            return  # a file with comments in it: nothing that is served to anyone
        if not isinstance(document, dict):
            return
        if path.parent.name == _ASSETS:
            self._assets[path.stem] = body
            if isinstance(document.get("id"), str):
                self._by_id.setdefault(document["id"], body)
        for validation in document.get("obi:validation", []):
            named = _EXTENSION.fullmatch(validation["obi:validationSchema"])
            if named is not None:
                self._by_id[f"https://w3id.org/openbadges/extensions/{named[1]}/context.json"] = body

    async def __call__(self, url: str, *, accept: str, max_bytes: int) -> Fetched:
        del accept
        body = self.own.get(url) or self.published.get(url) or self._by_id.get(url) or self._asset(url)
        if body is None:
            raise FetchRefused("unreachable", f"{url} is not in the folder.")
        if len(body) > max_bytes:
            raise FetchRefused("too_large", f"{url} is longer than {max_bytes} bytes.")
        return Fetched(url, url, 200, "application/json", body, NOW, hashlib.sha256(body).hexdigest())

    def _asset(self, url: str) -> bytes | None:
        parts = urlsplit(url)
        name = parts.path.removeprefix("/").removesuffix(".json")
        return self._assets.get(name) if parts.hostname in _ASSET_HOSTS else None


def documents_in(data: bytes) -> tuple[Json, Json]:
    """The document that a sample holds, and the header of the JWT around it; empty where there is none."""
    try:
        found = extract(data)
        if found.kind == "json":
            return strict_json.loads_object(found.text), {}
        if found.kind == "jwt":
            parts = jws.parse(found.text)
            return strict_json.loads_object(parts.payload), dict(parts.header)
    except (VcError, ImageRefused, Unrecognised):
        pass  # the verdict says what is wrong with it
    return {}, {}


def publications(document: Json, header: Json) -> dict[str, bytes]:
    """What the issuers would publish if every key that the sample brings along in an address's fragment, or in the
    JWT's header, were theirs.
    """
    pages = {address: page for url in _methods(document) for address, page in _controlled(url)}
    credential = document.get("vc", document)
    issuer = credential.get("issuer") if isinstance(credential, dict) else None
    issuer = issuer.get("id") if isinstance(issuer, dict) else issuer
    if isinstance(header.get("jwk"), dict) and isinstance(issuer, str):
        parts = urlsplit(issuer)
        pages[f"{parts.scheme}://{parts.netloc}/.well-known/jwks.json"] = {"keys": [header["jwk"]]}
    return {address: json.dumps(page).encode() for address, page in pages.items()}


def _controlled(method: str) -> Iterator[tuple[str, Json]]:
    base, _, key = method.partition("#")
    if key.startswith("z") and base.startswith(("https://", "did:web:")):
        entry = {"id": method, "type": "Multikey", "controller": base, "publicKeyMultibase": key}
        address = base
        if base.startswith("did:web:"):
            address = f"https://{base.removeprefix('did:web:').replace(':', '/')}/did.json"
        yield address, {"id": base, "verificationMethod": [entry], "assertionMethod": [method]}


def _methods(value: Any) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            if isinstance(one.get("verificationMethod"), str):
                yield one["verificationMethod"]
            for member in one.values():
                yield from _methods(member)
