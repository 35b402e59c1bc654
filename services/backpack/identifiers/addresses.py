"""Identifiers of people as Open Badges names them, brought to the one form in which they are compared."""

import unicodedata
from typing import Final

from email_validator import EmailNotValidError, validate_email

EMAIL: Final = "emailAddress"
DID: Final = "did"


class NotAnAddress(ValueError):
    """The text is no e-mail address or DID; the message says why."""


def normalise(kind: str, value: str) -> str:
    """The form in which an identifier is looked up: NFC, no outer blanks; e-mail addresses in lower case.

    Open Badges 3.0 compares exactly; folding the case of addresses is our rule (decision 5), kept on both sides.
    """
    text = unicodedata.normalize("NFC", value).strip()
    return text.lower() if kind == EMAIL else text


def parse(kind: str, value: str) -> str:
    """Check an identifier that a learner types in and return it normalised.

    Raises:
        NotAnAddress: with a reason for people.
    """
    if kind == EMAIL:
        try:
            checked = validate_email(value.strip(), check_deliverability=False, test_environment=True)
        except EmailNotValidError as error:
            raise NotAnAddress(str(error)) from error
        return normalise(EMAIL, checked.normalized)
    text = normalise(kind, value)
    if kind == DID and not text.startswith("did:"):
        raise NotAnAddress("A DID begins with did:, for example did:key:z6Mk…")
    if not text:
        raise NotAnAddress("An identifier needs at least one character.")
    return text
