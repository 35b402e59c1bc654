"""Recipients: hashed and plain identities."""

import hashlib

import pytest

from shared.vc.identity import hash_matches, identity_hash, identity_object, matches
from shared.vc.model import check_class


def test_the_published_example():
    # Open Badges 3.0, IdentityHash: the salt follows the identity, with nothing between.
    expected = "sha256$b5809d8a92f8858436d7e6b87c12ebc0ae1eac4baecc2c0b913aee2c922ef399"
    assert identity_hash("a@example.com", "Kosher") == expected
    given = {
        "type": "IdentityObject",
        "hashed": True,
        "identityHash": expected.upper().replace("SHA256", "sha256"),
    }
    given |= {"identityType": "emailAddress", "salt": "Kosher"}
    assert matches(given, "emailAddress", "a@example.com") is True
    assert matches(given, "emailAddress", "b@example.com") is False
    assert matches(given, "name", "a@example.com") is None


@pytest.mark.parametrize("hashed", [True, False])
def test_addresses_are_compared_without_regard_to_case(hashed):
    made = identity_object("emailAddress", " Ada@Example.ORG ", hashed=hashed)
    assert matches(made, "emailAddress", "ada@example.org") is True
    assert matches(made, "emailAddress", "ADA@EXAMPLE.org") is True
    assert check_class(made, "IdentityObject") == []


def test_a_foreign_hash_of_an_address_in_mixed_case():
    made = {"hashed": True, "identityHash": identity_hash("Ada@Example.org"), "identityType": "emailAddress"}
    assert matches(made, "emailAddress", "Ada@Example.org") is True


def test_other_identifiers_keep_their_case():
    made = identity_object("nationalIdentityNumber", "AB12")
    assert matches(made, "nationalIdentityNumber", "AB12") is True
    assert matches(made, "nationalIdentityNumber", "ab12") is False


def test_every_salt_is_fresh():
    first, second = (identity_object("emailAddress", "a@example.org") for _ in range(2))
    assert first["salt"] != second["salt"]
    assert first["identityHash"] != second["identityHash"]


def test_md5_is_read_and_unknown_algorithms_cannot_tell():
    md5 = "md5$" + hashlib.md5(b"a@example.orgsalt").hexdigest()
    assert hash_matches(md5, {"a@example.org"}, "salt") is True
    assert hash_matches("sha512$00", {"a"}, None) is None
    assert hash_matches("b5809d8a", {"a"}, None) is None
    assert hash_matches("sha256$00", {"a"}, 5) is None
    assert hash_matches("sha256$zż", {"a"}, None) is False
