"""From checks to a verdict."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from shared.vc import codes
from shared.vc.codes import CODES
from shared.vc.policy import BUILT_IN, DEFAULT, STRICT, Policy, PolicyRefused, decide, policy_from_json
from shared.vc.report import Check, failed, inconclusive, passed, worst

GOOD = [
    passed("proof.valid", "Signed."),
    passed("key.retrieved", "Theirs."),
    passed("validity.current", "Valid."),
]


def test_a_failure_weighs_more_than_a_doubt():
    doubt = inconclusive("status.unreachable", "Away.")
    assert decide([*GOOD, doubt], DEFAULT).verdict == "undetermined"
    decision = decide([*GOOD, doubt, failed("validity.expired", "Over.")], DEFAULT)
    assert (decision.verdict, decision.summary) == ("rejected", "Rejected: Over.")
    assert decide(GOOD, DEFAULT).verdict == "accepted"


def test_nothing_is_accepted_without_a_proof():
    assert decide([], DEFAULT).verdict == "undetermined"
    assert decide([passed("validity.current", "Valid.")], DEFAULT).verdict == "undetermined"


def test_an_endorsement_that_does_not_stand_is_only_told():
    checks = [*GOOD, failed("endorsement.invalid", "Not theirs.")]
    assert decide(checks, DEFAULT).verdict == "accepted"
    unsure = Policy(name="sure", undetermined_if_unsure=True)
    assert decide(checks, unsure).verdict == "rejected"
    assert decide([*GOOD, inconclusive("refresh.unreachable", "Away.")], unsure).verdict == "undetermined"


def test_codes_are_a_closed_list():
    with pytest.raises(ValueError, match="closed list"):
        Check("proof.perhaps", "passed", "?")
    kinds = {code.partition(".")[0] for code in CODES}
    assert kinds == {
        "format", "context", "model", "schema", "subject", "proof", "key", "refresh", "status", "validity",
        "recognition", "policy", "recipient", "endorsement", "embedded",
    }  # fmt: skip


def test_the_worst_check():
    assert worst([]) is None
    assert (
        worst([*GOOD, inconclusive("key.unreachable", "Away."), failed("key.not_found", "No.")]).code
        == "key.not_found"
    )


def test_policies_survive_their_json():
    policy = Policy(
        name="ours",
        require_recognition=True,
        trusted_recognisers=("https://ministry.example",),
        allowed_issuers=("did:web:a.example",),
        allowed_achievements=("urn:x:1",),
        require_recipient=True,
        max_status_age=timedelta(minutes=5),
        undetermined_if_unsure=True,
        refresh=False,
    )
    for one in (policy, DEFAULT, STRICT):
        assert policy_from_json(one.to_json()) == one
    assert set(BUILT_IN) == {"default", "strict"}


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        ({"require_recognitoin": True}, "/require_recognitoin"),
        ({"refresh": 1}, "/refresh"),
        ({"name": ""}, "/name"),
        ({"max_status_age_seconds": -1}, "/max_status_age_seconds"),
        ({"max_status_age_seconds": True}, "/max_status_age_seconds"),
        ({"allowed_issuers": "did:web:a.example"}, "/allowed_issuers"),
        ({"allowed_issuers": ["a", ""]}, "/allowed_issuers/1"),
        ({"trusted_recognisers": ["a"] * 1001}, "/trusted_recognisers"),
    ],
)
def test_policies_that_cannot_be_read(value, pointer):
    with pytest.raises(PolicyRefused) as refused:
        policy_from_json(value)
    assert refused.value.pointer == pointer


def test_every_code_in_the_library_is_in_the_list_and_every_one_listed_is_used():
    """A code that is not listed would raise where somebody's badge is judged."""
    library = Path(codes.__file__).parent
    written = "".join(file.read_text() for file in library.rglob("*.py") if file.name != "codes.py")
    kinds = "|".join({code.partition(".")[0] for code in CODES})
    used = set(re.findall(rf'"((?:{kinds})\.[a-z0-9_]+)"', written))
    assert used <= set(CODES)
    services_own = {code for code in CODES if code.startswith("format.")}
    assert set(CODES) - used <= services_own
