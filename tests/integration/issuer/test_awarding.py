"""One award: what it makes, what it refuses, what can be done with it."""

import pytest

from services.issuer.awards.store import Award, Credential
from shared.vc import strict_json
from tests.integration.issuer.stage import Organisation, Stage

pytestmark = pytest.mark.anyio


async def test_an_award_makes_a_signed_credential(school: Organisation) -> None:
    achievement = await school.achievement()
    award = await school.award(achievement["id"], " Ada@Learner.Example ", external_id="e-1", metadata={"a": "b"})
    assert award["recipient"]["identity"] == "ada@learner.example"
    assert (award["external_id"], award["metadata"], award["delivery"]) == ("e-1", {"a": "b"}, "pending")
    answer = await school.credential(award)
    credential = strict_json.loads(answer.content)
    assert credential["id"] == award["credential"]
    assert credential["credentialStatus"]["type"] == "BitstringStatusListEntry"
    assert credential["proof"][0]["cryptosuite"] == "eddsa-rdfc-2022"
    assert "ada@learner.example" not in answer.text
