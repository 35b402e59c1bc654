"""Kinds of text that the directory takes in more than one place."""

import unicodedata
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

# Characters that reorder or hide text: a name is shown to people who decide by it.
_BIDIRECTIONAL = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


def _line(value: str) -> str:
    text = unicodedata.normalize("NFC", value).strip()
    if not text:
        raise ValueError("must not be blank")
    if any(unicodedata.category(character) == "Cc" or character in _BIDIRECTIONAL for character in text):
        raise ValueError("must not hold control characters or text direction overrides")
    return text


def _paragraph(value: str) -> str:
    text = unicodedata.normalize("NFC", value).strip()
    if not text:
        raise ValueError("must not be blank")
    if any(
        (unicodedata.category(character) == "Cc" and character not in "\n\r\t") or character in _BIDIRECTIONAL
        for character in text
    ):
        raise ValueError("must not hold control characters or text direction overrides")
    return text


def _web_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError as error:
        raise ValueError("must be an http or https URL") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_fine:
        raise ValueError("must be an http or https URL")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user name or password")
    if not value.isascii() or any(character <= " " or character in '<>"\\^`{|}' for character in value):
        raise ValueError("must be a URL in ASCII without spaces (percent-encode other characters)")
    return value


def _login(value: str) -> str:
    # One spelling per login, so that nobody is impersonated by an equivalent one (compatibility forms, letter case).
    text = unicodedata.normalize("NFKC", value).casefold()
    if text != text.strip() or any(character.isspace() or not character.isprintable() for character in text):
        raise ValueError("must not hold spaces or control characters")
    if not 3 <= len(text) <= 255:
        raise ValueError("must have 3 to 255 characters")
    return text


def without_nul(value: str) -> str:
    """Refuse U+0000, which PostgreSQL's text cannot hold, not even to be looked for."""
    if "\x00" in value:
        raise ValueError("must not contain the character U+0000")
    return value


Line = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_line)]
"""A name: one line, 1 to 200 characters."""

Paragraph = Annotated[str, Field(min_length=1, max_length=2_000), AfterValidator(_paragraph)]
"""A statement in a person's words, up to 2,000 characters."""

WebUrl = Annotated[str, Field(max_length=2_000), AfterValidator(_web_url)]
"""An absolute http(s) URL without credentials."""

Login = Annotated[str, Field(min_length=3, max_length=255), AfterValidator(_login)]
"""A login name; compared case-folded. Opaque: that some look like e-mail addresses means nothing here."""

Password = Annotated[str, Field(min_length=12, max_length=200)]
"""At least twelve characters, any characters."""

GivenPassword = Annotated[str, Field(min_length=1, max_length=200)]
"""A password to be compared, not chosen."""

Did = Annotated[str, Field(pattern=r"^did:[a-z0-9]+:[A-Za-z0-9._:%-]+$", max_length=1_000)]
"""A decentralised identifier (DID Core 1.0 §3.1)."""
