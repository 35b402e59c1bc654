"""From what a caller sends to an item: the envelope is read here, the credential in it is left to the verification."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from services.verifier.verifications.schemas import Batch, Item
from shared.http.problems import FieldError, InvalidRequest, Unparseable, UnsupportedMediaType
from shared.vc import strict_json
from shared.vc.errors import JsonRefused

ENVELOPES = ("application/json", "")
CREDENTIALS = (
    "application/vc",
    "application/vc+ld+json",
    "application/ld+json",
    "application/vc+jwt",
    "application/vc+sd-jwt",
    "application/vc+ld+jwt",
    "application/jwt",
    "application/octet-stream",
    "text/plain",
    "image/png",
    "image/svg+xml",
)
MULTIPART = "multipart/form-data"
SUPPORTED = ("application/json", *CREDENTIALS, MULTIPART)

_SOURCES = frozenset({"credential", "url", "file"})
_CREDENTIAL_MEMBERS = frozenset(
    {"@context", "credentialSubject", "issuer", "proof", "vc", "badge", "recipient", "issuedOn"}
)
_BATCH_NODES = 4_000_000


def read_item(media_type: str, body: bytes) -> Item | bytes:
    """What a body of this media type holds: an item, or a credential or baked image as it is.

    Raises Unparseable, InvalidRequest, UnsupportedMediaType.
    """
    if media_type in CREDENTIALS:
        return body
    if media_type not in ENVELOPES:
        raise UnsupportedMediaType(
            "Send an item as application/json, or a credential as what it is.", supported=list(SUPPORTED)
        )
    value = _json(body, max_bytes=len(body))
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, dict) and _looks_like_credential(value):
        return body
    return item_from_json(value)


def item_from_json(value: Any, pointer: str = "") -> Item:
    """The item in a JSON value. Raises InvalidRequest, naming each member that is wrong."""
    try:
        return Item.model_validate(value)
    except ValidationError as error:
        raise invalid(error, pointer) from error


def read_batch(body: bytes) -> Batch:
    """Raises Unparseable, InvalidRequest (of the envelope: each item is judged by itself)."""
    try:
        return Batch.model_validate(_json(body, max_bytes=len(body), max_nodes=_BATCH_NODES))
    except ValidationError as error:
        raise invalid(error) from error


def bytes_of(item: Item) -> bytes | None:
    """The credential in an item; None if the item says where it is instead. Raises InvalidRequest."""
    if item.file is not None:
        try:
            return base64.b64decode(item.file, validate=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidRequest(
                "Correct what `errors` names.", errors=[FieldError("/file", "is not Base64")]
            ) from error
    if isinstance(item.credential, str):
        return item.credential.encode()
    if item.credential is not None:
        return strict_json.dumps(item.credential)
    return None


def invalid(error: ValidationError, pointer: str = "") -> InvalidRequest:
    """The refusal of an envelope: each wrong member with its JSON pointer; values are not repeated."""
    errors = [
        FieldError(pointer + "".join(f"/{_escaped(step)}" for step in each["loc"]), each["msg"])
        for each in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    return InvalidRequest("Correct what `errors` names.", errors=errors)


def _json(body: bytes, **limits: int) -> Any:
    try:
        return strict_json.loads(body, **limits)
    except JsonRefused as refused:
        raise Unparseable(refused.reason) from refused


def _looks_like_credential(value: Mapping[str, Any]) -> bool:
    return not _SOURCES & value.keys() and bool(_CREDENTIAL_MEMBERS & value.keys())


def _escaped(step: str | int) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")
