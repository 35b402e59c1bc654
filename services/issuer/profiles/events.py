"""What the issuer says in public about a profile and its keys: one sequence per profile, under its row's lock."""

from typing import Any

from services.issuer.keys.store import SigningKey
from services.issuer.profiles.documents import verification_method
from services.issuer.profiles.store import Profile
from shared.clock import to_rfc3339
from shared.contracts import schema_url
from shared.messaging.outbox import Outgoing
from shared.messaging.topics import PROFILES


def outgoing(profile: Profile, verb: str, data: dict[str, Any], public_url: str) -> Outgoing:
    """The next event of a locked profile."""
    profile.event_sequence += 1
    event_type = f"org.confer.{verb}.v1"
    return Outgoing(
        topic=PROFILES.name,
        subject=profile.did,
        type=event_type,
        organisation=profile.organisation,
        sequence=profile.event_sequence,
        data={"profile": profile.did, **data},
        dataschema=schema_url(public_url, event_type),
    )


def described(profile: Profile, public_url: str) -> dict[str, Any]:
    """What profile.registered and profile.changed tell."""
    document = profile.document
    image = document.get("image")
    told = {
        "name": document["name"],
        "url": document.get("url"),
        "description": document.get("description"),
        "image": image.get("id") if isinstance(image, dict) else image,
        "email": document.get("email"),
        "did_document": f"{public_url}/issuers/{profile.id}/did.json",
        "test": profile.test,
    }
    return {name: value for name, value in told.items() if value is not None}


def key_added(profile: Profile, key: SigningKey, public_url: str) -> Outgoing:
    data = {
        "key": verification_method(profile.did, key),
        "algorithm": key.algorithm,
        "valid_from": to_rfc3339(key.valid_from),
    }
    return outgoing(profile, "key.added", data, public_url)


def key_retired(profile: Profile, key: SigningKey, public_url: str) -> Outgoing:
    assert key.valid_until is not None  # set when it was retired
    data = {"key": verification_method(profile.did, key), "at": to_rfc3339(key.valid_until)}
    return outgoing(profile, "key.retired", data, public_url)


def key_compromised(profile: Profile, key: SigningKey, at: str, public_url: str) -> Outgoing:
    assert key.compromised_since is not None  # set when it was declared
    data = {
        "key": verification_method(profile.did, key),
        "at": at,
        "since": to_rfc3339(key.compromised_since),
    }
    return outgoing(profile, "key.compromised", data, public_url)
