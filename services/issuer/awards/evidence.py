"""Evidence as a credential carries it: its address and digest, never its content (decision 10)."""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from services.issuer.errors import InvalidEvidence
from services.issuer.evidence.store import Evidence
from shared.http.problems import FieldError

_DIGEST = re.compile(r"sha(256-[A-Za-z0-9+/]{43}=|384-[A-Za-z0-9+/]{64}|512-[A-Za-z0-9+/]{86}==)")
_DESCRIBED = ("name", "description", "narrative", "genre", "audience")


def evidence_url(evidence_url_base: str, evidence_id: str) -> str:
    return f"{evidence_url_base}/evidence/{evidence_id}"


def digest_sri(sha256: str) -> str:
    """The `digestSRI` (VC Data Model 2.0 §5.3) of a SHA-256 in hex."""
    return "sha256-" + b64encode(bytes.fromhex(sha256)).decode()


def named(items: Iterable[Mapping[str, Any]]) -> set[str]:
    """The ids of uploaded evidence that an award names."""
    return {item["evidence"] for item in items if isinstance(item.get("evidence"), str)}


def checked(
    items: Iterable[Mapping[str, Any]], uploaded: Mapping[str, Evidence], evidence_url_base: str
) -> list[dict[str, Any]]:
    """The Evidence objects of a credential. Raises InvalidEvidence."""
    return [
        _uploaded(item, number, uploaded, evidence_url_base)
        if "evidence" in item
        else _elsewhere(item, number)
        for number, item in enumerate(items)
    ]


def _uploaded(
    item: Mapping[str, Any], number: int, uploaded: Mapping[str, Evidence], base: str
) -> dict[str, Any]:
    found = uploaded.get(item["evidence"]) if isinstance(item["evidence"], str) else None
    if found is None:
        raise _fault(number, "evidence", "is not among your organisation's evidence, or was erased")
    if unexpected := {"id", "digestSRI"} & item.keys():
        raise _fault(number, min(unexpected), "is known from the upload; leave it out")
    described = {name: getattr(found, name) for name in _DESCRIBED if getattr(found, name) is not None}
    return {
        "id": evidence_url(base, found.id),
        "type": ["Evidence"],
        **described,
        **{name: value for name, value in item.items() if name != "evidence"},
        "digestSRI": digest_sri(found.sha256),
    }


def _elsewhere(item: Mapping[str, Any], number: int) -> dict[str, Any]:
    address = item.get("id")
    if address is not None:
        scheme = urlsplit(address).scheme if isinstance(address, str) else ""
        if scheme in {"", "data", "javascript", "file"}:
            raise _fault(
                number, "id", "is an absolute address; a credential never carries the content itself"
            )
    digest = item.get("digestSRI")
    if digest is not None and not (isinstance(digest, str) and _DIGEST.fullmatch(digest)):
        raise _fault(number, "digestSRI", "is `sha256-`, `sha384-` or `sha512-` and the digest in base64")
    return {"type": ["Evidence"], **item}


def _fault(number: int, field: str, what: str) -> InvalidEvidence:
    return InvalidEvidence(
        "Correct the evidence as `errors` says.", errors=[FieldError(f"/evidence/{number}/{field}", what)]
    )
