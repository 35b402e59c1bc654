"""Recipients: checked, normalised, found again by a keyed hash, and written into credentials."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Any

from services.issuer.awards.schemas import RecipientIn
from services.issuer.errors import InvalidRecipient
from shared.http.problems import FieldError
from shared.vc.identity import IDENTITY_TYPES, identity_object, normalise_email

DID = "did"
# RFC 5321 bounds, and what every mail system takes; whether the address exists only a mail to it can tell.
_EMAIL = re.compile(r"[^\s@<>\"(),:;\[\]\\]{1,64}@[^\s@<>\"(),:;\[\]\\]{1,253}")
_DID = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._%:-]*[A-Za-z0-9._%-]")


@dataclass(frozen=True)
class Recipient:
    """A recipient whose identity is in the one form in which it is hashed, stored and compared."""

    type: str
    identity: str
    hashed: bool
    name: str | None

    def key(self, secret: bytes, achievement_id: str) -> str:
        """HMAC of recipient and achievement: equal for the same two, and telling nothing without the secret."""
        text = f"{self.type}\x00{self.identity}\x00{achievement_id}"
        return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()

    def into(self, subject: dict[str, Any]) -> None:
        """Write the identity into an AchievementSubject: a DID as its id, all else as IdentityObjects."""
        identifiers = []
        if self.type == DID:
            subject["id"] = self.identity
        else:
            identifiers.append(identity_object(self.type, self.identity, hashed=self.hashed))
        if self.name is not None and self.type != "name":
            identifiers.append(identity_object("name", self.name, hashed=self.hashed))
        if identifiers:
            subject["identifier"] = identifiers


def checked(given: RecipientIn) -> Recipient:
    """The recipient in normal form. Raises InvalidRecipient."""
    identity = given.identity.strip()
    if given.type == "emailAddress":
        identity = normalise_email(identity)
        _must(_EMAIL.fullmatch(identity) is not None, "identity", "is no e-mail address")
    elif given.type == DID:
        _must(_DID.fullmatch(identity) is not None, "identity", "is no DID")
    else:
        known = given.type in IDENTITY_TYPES or given.type.startswith("ext:")
        _must(known, "type", "is none of Open Badges' identity types; your own begin with `ext:`")
    _must(bool(identity), "identity", "is empty")
    return Recipient(given.type, identity, given.hashed, given.name)


def _must(good: bool, field: str, otherwise: str) -> None:  # noqa: FBT001  (it is the condition itself)
    if not good:
        raise InvalidRecipient(
            "Correct the recipient as `errors` says.", errors=[FieldError(f"/recipient/{field}", otherwise)]
        )
