"""What may be granted: scopes, in plain words, and the roles that hold them.

An access token is for exactly one service (RFC 8707): what it may do at the issuer says nothing about the verifier. A scope of
the service's own belongs to it alone; the scopes of events and webhooks exist at each, and mean that service's.
"""

from collections.abc import Iterable
from typing import Literal

ServiceName = Literal["issuer", "backpack", "verifier", "directory"]
Role = Literal["owner", "programme_lead", "reviewer", "auditor", "developer"]

_EVENTS = {
    "events:read": "Receive the organisation's events, those about persons included",
    "webhooks:read": "See where the organisation's events are sent, and how that went",
    "webhooks:write": "Decide where the organisation's events are sent",
}
SCOPES: dict[ServiceName, dict[str, str]] = {
    "issuer": {
        "profiles:read": "See the organisation's issuer profiles",
        "profiles:write": "Open and change the organisation's issuer profiles",
        "keys:write": "Rotate and retire the keys that sign badges",
        "achievements:read": "See achievements, drafts included",
        "achievements:write": "Create, publish and archive achievements",
        "evidence:read": "Read evidence that belongs to badges",
        "evidence:write": "Upload and delete evidence",
        "awards:read": "See who was awarded which badge",
        "awards:write": "Award badges in the organisation's name",
        "awards:revoke": "Revoke, suspend and reinstate badges",
        "vc-api:read": "See the keys that sign credentials other than badges",
        "vc-api:write": "Make and close keys that sign credentials other than badges",
        "vc-api:issue": "Sign any credential in the organisation's name, and set its status",
        **_EVENTS,
    },
    "backpack": {**_EVENTS},
    "verifier": {
        "verifications:read": "See the organisation's verifications",
        "verifications:write": "Verify badges in bulk",
        "policies:read": "See the organisation's verification policies",
        "policies:write": "Change the organisation's verification policies",
        **_EVENTS,
    },
    "directory": {
        "organisation:read": "See the organisation, its members and its clients",
        "organisation:write": "Change or close the organisation",
        "members:write": "Invite and remove members and change their roles",
        "clients:write": "Create and revoke programs that act for the organisation",
        "recognitions:write": "Vouch for issuers in the organisation's name, and withdraw that",
        **_EVENTS,
    },
}
"""Service -> scope -> what a person who is asked for consent reads."""

ALL_SCOPES: frozenset[str] = frozenset(scope for scopes in SCOPES.values() for scope in scopes)
_READING = frozenset(scope for scope in ALL_SCOPES if scope.endswith(":read"))

ROLES: dict[Role, frozenset[str]] = {
    "owner": ALL_SCOPES,
    "programme_lead": frozenset(
        {
            "profiles:read",
            "achievements:read",
            "achievements:write",
            "evidence:read",
            "evidence:write",
            "awards:read",
            "awards:write",
            "awards:revoke",
            "recognitions:write",
            "verifications:read",
            "verifications:write",
            "policies:read",
            "organisation:read",
        }
    ),
    "reviewer": frozenset(
        {"profiles:read", "achievements:read", "evidence:read", "awards:read", "organisation:read"}
    ),
    "auditor": _READING,
    "developer": _READING | {"clients:write", "verifications:write", "webhooks:write"},
}
"""Role -> the scopes its holder has."""


def scopes_of_roles(roles: Iterable[Role]) -> frozenset[str]:
    """All that somebody with these roles may do."""
    return frozenset().union(*(ROLES[role] for role in roles))


def in_plain_words(scopes: Iterable[str]) -> list[str]:
    """The sentences a person reads before consenting, in a stable order.

    Raises:
        KeyError: for a scope that does not exist; nobody is asked to consent to something without words.
    """
    words = {
        scope: text for scopes_of_service in SCOPES.values() for scope, text in scopes_of_service.items()
    }
    return [words[scope] for scope in sorted(scopes)]
