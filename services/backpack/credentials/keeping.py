"""Making a row and its documents of a verified credential."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.backpack.credentials import disclosing, store
from services.backpack.credentials.pictures import Picture
from services.backpack.credentials.store import Credential, Document
from services.backpack.vault import Vault
from shared.db import WriteSession, encode_json, new_id
from shared.vc.report import Report

JWT = "application/vc+jwt"
SD_JWT = "application/vc+sd-jwt"
JSON_LD = "application/vc"
OPEN_BADGES_2 = "application/ld+json"

_LONGEST = 4000


@dataclass(frozen=True)
class Given:
    """A file as it was given, for an import; nothing for a delivery, which has no file beside the credential."""

    content: bytes
    media_type: str


def new_credential(report: Report, *, origin: str, state: str, now: datetime) -> Credential:
    """The row for a credential that verified: what is searchable, taken from what was verified."""
    shown = report.credential or {}
    issuer, achievement = _object(shown, "issuer"), _object(shown, "achievement")
    text = text_of(report)
    digest = hashlib.sha256(text.encode()).hexdigest()
    credential_id = _text(shown, "id")
    return Credential(
        id=new_id(),
        credential_id=credential_id,
        credential_key=key_of(credential_id, text),
        origin=origin,
        state=state,
        name=_text(shown, "name") or _text(achievement, "name") or "A badge without a name",
        description=_text(shown, "description") or _text(achievement, "description"),
        issuer_id=_text(issuer, "id"),
        issuer_name=_text(issuer, "name"),
        achievement_id=_text(achievement, "id"),
        achievement_type=_text(achievement, "achievement_type"),
        valid_from=moment(shown.get("valid_from")),
        valid_until=moment(shown.get("valid_until")),
        format=report.format,
        container=report.container,
        media_type=media_type_of(report),
        selective=disclosing.is_selective(text),
        sha256=digest,
        verdict=report.verdict,
        checked_at=now,
        received_at=now,
    )


def text_of(report: Report) -> str:
    """The exact text of the credential, as it was secured."""
    assert report.secured is not None, "a credential that verified has a text"
    return report.secured


def media_type_of(report: Report) -> str:
    """What the text is: a compact JWS, with disclosures or without, or JSON of the standard it follows."""
    text = text_of(report).lstrip()
    if not text.startswith("{"):
        return SD_JWT if "~" in text else JWT
    return OPEN_BADGES_2 if report.format.startswith("ob2") else JSON_LD


def key_of(credential_id: str | None, text: str) -> str:
    """By what a credential is recognised: the hash of its id, or of its text when it has none."""
    return hashlib.sha256((credential_id or text).encode()).hexdigest()


def add_documents(
    session: WriteSession,
    vault: Vault,
    credential: Credential,
    report: Report,
    *,
    given: Given | None = None,
    picture: Picture | None = None,
) -> None:
    """Store the exact text, the report, and what else there is, sealed."""
    put(session, vault, credential.id, store.CREDENTIAL, credential.media_type, text_of(report).encode())
    put(session, vault, credential.id, store.REPORT, "application/json", report_bytes(report))
    if given is not None:
        put(session, vault, credential.id, store.FILE, given.media_type, given.content)
    if picture is not None:
        put(session, vault, credential.id, store.IMAGE, picture.media_type, picture.content)


def report_bytes(report: Report) -> bytes:
    return encode_json(report.to_json()).encode()


def put(session: WriteSession, vault: Vault, row_id: str, kind: str, media_type: str, content: bytes) -> None:
    session.add(
        Document(
            credential_row=row_id,
            kind=kind,
            media_type=media_type,
            sha256=hashlib.sha256(content).hexdigest(),
            content=vault.seal(content, column=column(kind), row=row_id),
        )
    )


def content_of(vault: Vault, document: Document) -> bytes:
    """The document's bytes, opened."""
    return vault.open(document.content, column=column(document.kind), row=document.credential_row)


def column(kind: str) -> str:
    return f"credential_document.{kind}"


def moment(value: object) -> datetime | None:
    """A date of a verified credential, as far as it is one."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return parsed if parsed.tzinfo is not None else None


def _object(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, Mapping) else {}


def _text(value: Mapping[str, Any], name: str) -> str | None:
    found = value.get(name)
    if isinstance(found, list):
        found = found[0] if found else None
    return found.replace("\x00", "")[:_LONGEST] if isinstance(found, str) and found else None
