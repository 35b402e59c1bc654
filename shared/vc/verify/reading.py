"""Steps 1 and 2: what was handed in, parsed strictly, as a case."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from shared.vc import strict_json
from shared.vc.baking import Extracted, Unrecognised
from shared.vc.contexts import CREDENTIALS_V1, CREDENTIALS_V2
from shared.vc.errors import JsonRefused, ProofInvalid, UnsupportedProof
from shared.vc.model import check_class
from shared.vc.open_badges_2.upgrade import CONTEXT
from shared.vc.proofs import cose, jws, jwt, sd_jwt
from shared.vc.report import Check, failed, inconclusive
from shared.vc.strict_json import JsonObject

from .case import Case, Family, several

_ENVELOPED = ("data:application/vc+jwt,", "data:application/vc+ld+json+jwt,", "data:application/vc+sd-jwt,")
_COSE = "data:application/vc+cose;base64,"
_NOT_JSON = {"syntax", "not_utf8", "not_an_object"}
_OPEN_BADGES_2 = ("https://w3id.org/openbadges/", "https://openbadgespec.org/")
_OPEN_BADGE_TYPES = {"AchievementCredential", "OpenBadgeCredential", "EndorsementCredential"}
_JWT_CODES = {
    "claims_differ": "proof.claims_differ",
    "algorithm_refused": "proof.malformed",
    "critical_header": "proof.malformed",
    "wrong_type": "proof.malformed",
    "malformed_claims": "proof.malformed",
}


class Unreadable(Exception):
    """The form is known, the content cannot be read; `check` says why."""

    def __init__(self, check: Check) -> None:
        super().__init__(check.reason)
        self.check = check


def read(extracted: Extracted) -> Case:
    """The credential as a case.

    Raises:
        Unrecognised: it is JSON, but no credential of any kind known here; or not even JSON.
        Unreadable: it looks like one, but is not JSON in the sense all readers share, or no JWS.
    """
    if extracted.kind == "jwt":
        return read_token(extracted.text)
    if extracted.kind == "url":
        return Case(_hosted_at(extracted.text), extracted.text, "ob2")
    document = _parse(extracted.text)
    enveloped = _enveloped(document)
    if enveloped is not None:
        return enveloped
    family = family_of(document)
    if family is None:
        raise Unrecognised("The JSON is not a badge or another verifiable credential.")
    return Case(document, extracted.text, family)


def read_embedded(value: Any) -> Case:
    """A credential that stands in another document: as JSON, in an envelope, or as a compact JWS.

    Raises:
        Unreadable: it is none, or cannot be read.
    """
    if isinstance(value, str):
        return read_token(value)
    if not isinstance(value, dict):
        raise Unreadable(failed("format.unrecognised", "What stands in place of a credential is none."))
    enveloped = _enveloped(value)
    if enveloped is not None:
        return enveloped
    family = family_of(value)
    if family is None:
        raise Unreadable(failed("format.unrecognised", "What stands in place of a credential is none."))
    return Case(value, "", family)


def _hosted_at(address: str) -> JsonObject:
    """The assertion that an image of Open Badges 1.x only gives the address of."""
    return {"@context": CONTEXT, "type": "Assertion", "id": address, "verification": {"type": "hosted"}}


def _parse(text: str) -> JsonObject:
    try:
        return strict_json.loads_object(text)
    except JsonRefused as error:
        if error.code in _NOT_JSON:
            raise Unrecognised(error.reason) from error
        raise Unreadable(failed("format.unsafe_json", error.reason, error.pointer or None)) from error


def _enveloped(document: Mapping[str, Any]) -> Case | None:
    """What stands in an EnvelopedVerifiableCredential (W3C data model 2.0, §4.13.1); None if it is no envelope."""
    if "EnvelopedVerifiableCredential" not in several(document.get("type")):
        return None
    refuse_malformed_envelope(document)
    address = address_in(document)
    for prefix in _ENVELOPED:
        if address.startswith(prefix):
            return read_token(address.removeprefix(prefix))
    if address.startswith(_COSE):
        return _read_cose(address.removeprefix(_COSE))
    reason = "The envelope holds neither a compact JWS (vc+jwt, vc+sd-jwt) nor a COSE_Sign1 (vc+cose)."
    raise Unreadable(failed("format.malformed_jwt", reason))


def _read_cose(text: str) -> Case:
    try:
        document, taken = cose.parse(base64_bytes(text), "vc")
    except JsonRefused as error:
        raise Unreadable(failed("format.unsafe_json", f"The COSE cannot be read: {error.reason}")) from error
    except UnsupportedProof as error:
        raise Unreadable(inconclusive("proof.unsupported", error.reason)) from error
    except ProofInvalid as error:
        code = _JWT_CODES.get(error.code, "format.malformed_jwt")
        raise Unreadable(failed(code, error.reason)) from error
    whole = jwt.CredentialJwt("vc-cose", document, {}, taken.kid, None, (), taken)
    return _token_case(whole, text, None)


def base64_bytes(text: str) -> bytes:
    """Of a data: URL (RFC 2397); padding may be left out. Raises ProofInvalid `malformed_cose`."""
    unpadded = text.rstrip("=")
    try:
        return base64.b64decode(unpadded + "=" * (-len(unpadded) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ProofInvalid("malformed_cose", "The envelope's data is not Base64.") from error


def refuse_malformed_envelope(document: Mapping[str, Any]) -> None:
    """Raise Unreadable for an envelope that lacks what the data model demands of it (2.0, 4.13.1 and 4.13.2)."""
    for finding in check_class(document, "Envelope"):
        if finding.severity == "error":
            raise Unreadable(failed(finding.code, finding.reason, finding.pointer))


def address_in(envelope: Mapping[str, Any]) -> str:
    """The data: URL of an envelope, white space around it dropped (URL Standard, 4.4); "" if there is none."""
    address = envelope.get("id")
    return address.strip() if isinstance(address, str) else ""


def family_of(document: Mapping[str, Any]) -> Family | None:
    """Which kind of credential a document is; `None` for anything else."""
    types = {one for one in several(document.get("type")) if isinstance(one, str)}
    contexts = [one for one in several(document.get("@context")) if isinstance(one, str)]
    if types & _OPEN_BADGE_TYPES:
        return "ob3"
    if "ClrCredential" in types:
        return "clr2"
    if types & {"VerifiableCredential"} or "credentialSubject" in document:
        return "vc"
    if {CREDENTIALS_V1, CREDENTIALS_V2} & set(contexts):
        return "vc"
    if any(one.startswith(_OPEN_BADGES_2) for one in contexts) or {"recipient", "badge"} <= document.keys():
        return "ob2"
    return None


def read_token(token: str) -> Case:
    """A compact JWS as a case: the credential inside, its header and claims. The signature is not looked at.

    Raises:
        Unreadable: it is no JWS with JSON header and payload, or what it wraps is no credential.
    """
    try:
        if "~" in token:
            shown = sd_jwt.parse(token)
            return _token_case(shown.credential, token, shown)
        parts = jws.parse(token)
        claims = strict_json.loads_object(parts.payload)
        if {"recipient", "badge"} <= claims.keys():
            return Case(claims, token, "ob2", token)
        taken = jwt.parse(token)
    except JsonRefused as error:
        code = "format.malformed_jwt" if error.code in _NOT_JSON else "format.unsafe_json"
        raise Unreadable(failed(code, f"The JWT cannot be read: {error.reason}")) from error
    except UnsupportedProof as error:
        raise Unreadable(inconclusive("proof.unsupported", error.reason)) from error
    except ProofInvalid as error:
        code = _JWT_CODES.get(error.code, "format.malformed_jwt")
        raise Unreadable(failed(code, f"The JWT cannot be accepted: {error.reason}")) from error
    return _token_case(taken, token, None)


def _token_case(taken: jwt.CredentialJwt, token: str, shown: sd_jwt.SdJwt | None) -> Case:
    family = family_of(taken.credential)
    if family is None or family == "ob2":
        raise Unreadable(
            failed("format.malformed_jwt", "The JWT does not wrap a badge or another credential.")
        )
    return Case(taken.credential, token, family, token, taken, shown)
