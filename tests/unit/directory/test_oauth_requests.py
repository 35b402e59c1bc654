"""OAuth parameters from outside: whatever comes, it is parameters or a refusal of RFC 6749's kind."""

import pytest
from authlib.oauth2.rfc6749.errors import InvalidRequestError, OAuth2Error
from hypothesis import given
from hypothesis import strategies as st

from services.directory.oauth.grants import with_parameters
from services.directory.oauth.requests import InvalidTargetError, basic_credentials, parse


@given(st.binary(max_size=300))
def test_any_bytes_are_parameters_or_refused(body: bytes) -> None:
    try:
        parameters = parse(body)
    except OAuth2Error as error:
        status, answer, _ = error()
        assert status == 400
        assert answer["error"] in {"invalid_request", "invalid_target"}
        return
    assert all(isinstance(value, str) and value for value in parameters.values())


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_header_is_credentials_or_none(scheme: str, rest: str) -> None:
    found = basic_credentials({"authorization": f"{scheme} {rest}"})
    assert found is None or len(found) == 2


def test_an_empty_value_counts_as_left_out() -> None:
    assert parse("scope=&grant_type=x") == {"grant_type": "x"}


@pytest.mark.parametrize("query", ["code=a&code=b", "scope=%00", "client_id=%22", "state=%0A", "code=%FF"])
def test_what_oauth_does_not_allow(query: str) -> None:
    with pytest.raises(InvalidRequestError):
        parse(query)


def test_resource_is_given_once() -> None:
    with pytest.raises(InvalidTargetError):
        parse("resource=a&resource=b")


def test_an_answer_is_added_to_a_redirect_uri_that_has_a_query() -> None:
    assert with_parameters("https://a.example/?x=1", {"code": "a b"}) == "https://a.example/?x=1&code=a+b"
    assert with_parameters("https://a.example/", {"code": "&"}) == "https://a.example/?code=%26"
