"""OAuth requests, read strictly: bounded, one value per parameter, printable ASCII."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from authlib.oauth2.rfc6749 import OAuth2Request
from authlib.oauth2.rfc6749.errors import InvalidRequestError, OAuth2Error
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload

MAX_BYTES = 16 * 1024
_MAX_PARAMETERS = 40
# RFC 6749 appendix A: what may stand in an error description, and so in anything an error description quotes.
_QUOTABLE = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]*")
_VISIBLE = re.compile(r"[\x20-\x7e]*")


class InvalidTargetError(OAuth2Error):  # type: ignore[misc]  # Authlib ships no types
    """RFC 8707 §2: `resource` is missing, names no service of this deployment, or not the one that was granted."""

    error = "invalid_target"


@dataclass(frozen=True)
class Reply:
    """What a client of the token, revocation or authorization endpoint gets."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Consent:
    """What a member allows: who says so, and which scopes are theirs to give."""

    member_id: str
    resource: str
    scopes: frozenset[str]


class Request(OAuth2Request):  # type: ignore[misc]  # Authlib has no types
    """What Authlib works on. That the transport is https is the production profile's business (`settings.refuse`)."""

    def __init__(self, method: str, parameters: dict[str, str], headers: Mapping[str, str]) -> None:
        super().__init__(method, "https://directory.invalid/", headers=dict(headers))
        self.parameters = parameters
        self.payload = BasicOAuth2Payload(parameters)
        self.grant_id: str | None = None
        self.consent: Consent | None = None

    @property
    def args(self) -> dict[str, str]:
        return self.parameters if self.method == "GET" else {}

    @property
    def form(self) -> dict[str, str]:
        return self.parameters if self.method == "POST" else {}


def parse(encoded: bytes | str) -> dict[str, str]:
    """The parameters of a form or query string; those without a value count as left out (RFC 6749 §3.1).

    Raises InvalidRequestError for repeated parameters, for `resource` InvalidTargetError, and for what is not ASCII.
    """
    text = encoded.decode("latin-1") if isinstance(encoded, bytes) else encoded
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_PARAMETERS, errors="strict")
    except ValueError as error:
        raise InvalidRequestError(
            "The parameters cannot be read as application/x-www-form-urlencoded."
        ) from error
    return _single([(name, value) for name, value in pairs if value])


def _single(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for name, value in pairs:
        if name in parameters:
            if name == "resource":
                raise InvalidTargetError("A token is for one service: give resource once.")
            raise InvalidRequestError("A parameter is there more than once.")
        allowed = _VISIBLE if name in {"state", "client_secret"} else _QUOTABLE
        if name in _OURS and not allowed.fullmatch(value):
            raise InvalidRequestError("A parameter holds characters that OAuth 2.0 does not allow.")
        parameters[name] = value
    return parameters


_OURS = frozenset(
    {
        "response_type",
        "client_id",
        "client_secret",
        "redirect_uri",
        "scope",
        "state",
        "code",
        "code_challenge",
        "code_challenge_method",
        "code_verifier",
        "grant_type",
        "refresh_token",
        "resource",
        "token",
        "token_type_hint",
    }
)


def basic_credentials(headers: Mapping[str, str]) -> tuple[str, str] | None:
    """Client id and secret of `Authorization: Basic` (RFC 6749 §2.3.1), None if there is none or it is malformed."""
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    client_id, colon, secret = text.partition(":")
    return (unquote_plus(client_id), unquote_plus(secret)) if colon else None
