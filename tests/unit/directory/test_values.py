"""Text from outside: one spelling per login, no hidden characters, no odd URLs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from services.directory.clients.schemas import ClientCreate
from services.directory.values import Did, Line, Login, WebUrl

_login = TypeAdapter(Login)


def test_one_spelling_per_login() -> None:
    assert _login.validate_python("ＡＮＮＡ") == _login.validate_python("Anna") == "anna"


@given(st.text(min_size=1, max_size=40))
def test_a_login_is_its_own_spelling(text: str) -> None:
    try:
        login = _login.validate_python(text)
    except ValidationError:
        return
    assert _login.validate_python(login) == login
    assert not any(character.isspace() for character in login)


@pytest.mark.parametrize("name", ["", " ", "a\x00b", "a\nb", "a\u202eb", "x" * 201])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Line).validate_python(name)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "ftp://a.example",
        "https://",
        "https://u:p@a.example",
        "https://a.example:0",
        "https://ä.example",
        "//a",
    ],
)
def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(WebUrl).validate_python(url)


@pytest.mark.parametrize("did", ["did:web:localhost%3A8001:issuers:x", "did:key:z6Mkab", "did:jwk:eyJ-_.a"])
def test_dids(did: str) -> None:
    assert TypeAdapter(Did).validate_python(did) == did


@pytest.mark.parametrize(
    "did", ["did:web", "DID:web:a", "did:web:a b", "did:web:a\n", "https://a.example", "did:web:\x00"]
)
def test_what_is_no_did(did: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Did).validate_python(did)


@pytest.mark.parametrize(
    ("uri", "good"),
    [
        ("https://a.example/cb?x=1", True),
        ("http://localhost:9000/cb", True),
        ("http://[::1]/cb", True),
        ("http://a.example/cb", False),
        ("https://a.example/#f", False),
        ("https://u@a.example/", False),
        ("custom:cb", False),
        ("javascript:alert(1)", False),
        ("/relative", False),
        ("https://a.example/ x", False),
        ("https://[::1", False),
    ],
)
def test_redirect_uris(uri: str, good: bool) -> None:
    given = {"name": "x", "scopes": ["awards:read"], "redirect_uris": [uri]}
    if good:
        assert ClientCreate.model_validate(given).redirect_uris == [uri]
    else:
        with pytest.raises(ValidationError):
            ClientCreate.model_validate(given)
