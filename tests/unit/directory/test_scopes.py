"""Scopes and roles as the design names them."""

from services.directory.scopes import ALL_SCOPES, ROLES, SCOPES, in_plain_words, scopes_of_roles

EVERYWHERE = {"events:read", "webhooks:read", "webhooks:write"}


def test_every_scope_belongs_to_one_service_and_has_words() -> None:
    listed = [scope for scopes in SCOPES.values() for scope in scopes if scope not in EVERYWHERE]
    assert len(listed) == len(set(listed)) == len(ALL_SCOPES - EVERYWHERE) == len(in_plain_words(listed))
    assert all(scopes.keys() >= EVERYWHERE for scopes in SCOPES.values())
    assert all(words.strip() for scopes in SCOPES.values() for words in scopes.values())


def test_roles() -> None:
    reading = {scope for scope in ALL_SCOPES if scope.endswith(":read")}
    assert ROLES["owner"] == ALL_SCOPES
    assert ROLES["auditor"] == reading
    assert ROLES["developer"] == reading | {"clients:write", "verifications:write", "webhooks:write"}
    assert ROLES["reviewer"] == {
        "profiles:read",
        "achievements:read",
        "evidence:read",
        "awards:read",
        "organisation:read",
    }
    lead = ROLES["programme_lead"]
    assert {"awards:write", "awards:revoke", "achievements:write", "recognitions:write"} <= lead
    assert not lead & {"keys:write", "members:write", "clients:write", "organisation:write", "profiles:write"}
    assert scopes_of_roles(["reviewer", "auditor"]) == ROLES["reviewer"] | reading
    assert scopes_of_roles([]) == frozenset()
