"""From rows to what the API and the pages show."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.backpack.credentials.changes import reason_of
from services.backpack.credentials.disclosing import Claim
from services.backpack.credentials.schemas import (
    ClaimOut,
    CredentialDetail,
    CredentialOut,
    IssuerOut,
    StatusOut,
    VerificationOut,
)
from services.backpack.credentials.store import Credential
from services.backpack.vault import Vault
from shared.db import encode_json

CALLER = "credential.caller"


def shown(vault: Vault, credential: Credential, now: datetime) -> CredentialOut:
    """The badge for its holder."""
    return CredentialOut.model_validate(_fields(vault, credential, now))


def shown_with(
    vault: Vault,
    credential: Credential,
    now: datetime,
    *,
    picture: str | None,
    claims: Sequence[Claim],
    says: dict[str, Any] | None,
    report: dict[str, Any],
) -> CredentialDetail:
    return CredentialDetail.model_validate(
        {
            **_fields(vault, credential, now),
            "picture": picture,
            "claims": [ClaimOut(pointer=each.pointer, name=each.name, value=each.value) for each in claims],
            "says": says,
            "report": report,
        }
    )


def _fields(vault: Vault, credential: Credential, now: datetime) -> dict[str, Any]:
    same = (
        *("id", "name", "description", "achievement_type", "state", "hidden", "origin", "proven"),
        *("valid_from", "valid_until", "format", "container", "media_type", "selective", "sha256"),
        *("received_at", "answered_at", "version"),
    )
    return {
        **{name: getattr(credential, name) for name in same},
        **open_caller(vault, credential.caller, column=CALLER, row=credential.id),
        "credential": credential.credential_id,
        "achievement": credential.achievement_id,
        "issuer": IssuerOut(id=credential.issuer_id, name=credential.issuer_name),
        "status": StatusOut.model_validate(
            {
                "status": credential.status,
                "at": credential.status_at,
                "code": credential.status_code,
                "reason": reason_of(vault, credential),
                "replaced_by": credential.replaced_by,
            }
        ),
        "expired": is_expired(credential, now),
        "verification": VerificationOut.model_validate(
            {"verdict": credential.verdict, "checked_at": credential.checked_at}
        ),
    }


def is_expired(credential: Credential, now: datetime) -> bool:
    return credential.valid_until is not None and credential.valid_until < now


def seal_caller(
    vault: Vault, external_id: str | None, metadata: dict[str, str] | None, *, column: str, row: str
) -> bytes | None:
    """The caller's own reference and notes, sealed: they may be about a person."""
    if external_id is None and metadata is None:
        return None
    text = encode_json({"external_id": external_id, "metadata": metadata})
    return vault.seal_text(text, column=column, row=row)


def open_caller(vault: Vault, sealed: bytes | None, *, column: str, row: str) -> dict[str, Any]:
    """`external_id` and `metadata`, null where there are none."""
    if sealed is None:
        return {"external_id": None, "metadata": None}
    opened: dict[str, Any] = json.loads(vault.open(sealed, column=column, row=row))
    return opened
