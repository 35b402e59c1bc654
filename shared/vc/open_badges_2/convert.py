"""An assertion with its badge class and issuer in the words of Open Badges 3.0: to be shown and compared, never
to be signed.
"""

from collections.abc import Mapping
from typing import Any

from shared.vc.strict_json import JsonObject

_IDENTITY_TYPES = {
    "email": "emailAddress",
    "telephone": "ext:telephone",
    "url": "ext:url",
    "id": "identifier",
}


def as_open_badge(
    assertion: Mapping[str, Any], badge: Mapping[str, Any], issuer: Mapping[str, Any]
) -> JsonObject:
    """A credential-like view; members that the badge does not have are left out."""
    view: JsonObject = {
        "id": assertion.get("id"),
        "type": _list(assertion.get("type")),
        "name": badge.get("name"),
        "image": _image(assertion.get("image")),
        "issuer": _profile(issuer),
        "validFrom": assertion.get("issuedOn"),
        "validUntil": assertion.get("expires"),
        "evidence": [_evidence(one) for one in _list(assertion.get("evidence"))],
        "credentialSubject": {
            "identifier": [_identity(assertion.get("recipient"))],
            "narrative": assertion.get("narrative"),
            "achievement": _achievement(badge),
        },
    }
    return _without_nothing(view)


def _without_nothing(value: JsonObject) -> JsonObject:
    return {name: one for name, one in value.items() if one is not None and one != []}


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _image(value: Any) -> JsonObject | None:
    if isinstance(value, str):
        return {"id": value, "type": "Image"}
    if isinstance(value, dict):
        return _without_nothing({"id": value.get("id"), "type": "Image", "caption": value.get("caption")})
    return None


def _profile(value: Mapping[str, Any]) -> JsonObject:
    members = {name: value.get(name) for name in ("id", "name", "url", "description", "email")}
    return _without_nothing({"type": ["Profile"], **members, "image": _image(value.get("image"))})


def _achievement(badge: Mapping[str, Any]) -> JsonObject:
    criteria = badge.get("criteria")
    if isinstance(criteria, str):
        criteria = {"id": criteria}
    made = {
        "id": badge.get("id"),
        "type": ["Achievement"],
        "name": badge.get("name"),
        "description": badge.get("description"),
        "criteria": criteria if isinstance(criteria, dict) else None,
        "image": _image(badge.get("image")),
        "tag": _list(badge.get("tags")),
        "alignment": _list(badge.get("alignment")),
    }
    return _without_nothing(made)


def _evidence(value: Any) -> JsonObject:
    if isinstance(value, dict):
        return {**value, "type": ["Evidence"]}
    return {"id": value, "type": ["Evidence"]}


def _identity(recipient: Any) -> JsonObject:
    given = recipient if isinstance(recipient, dict) else {}
    made = {
        "type": "IdentityObject",
        "hashed": given.get("hashed"),
        "identityHash": given.get("identity"),
        "identityType": _IDENTITY_TYPES.get(str(given.get("type")), str(given.get("type"))),
        "salt": given.get("salt"),
    }
    return _without_nothing(made)
