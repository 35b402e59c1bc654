"""What an issuer delivers reaches the learner whose proven identifier it is for (story, step 4)."""

import pytest

from tests.integration.backpack.stage import Stage

pytestmark = pytest.mark.anyio

ADA = "ada@school.example"


async def test_delivered_badge_is_offered_and_accepted(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    badge = backpack.award(ADA)
    credential = await backpack.deliver(badge, ADA)
    [offered] = await ada.waits_for_badges(1)
    assert (offered["state"], offered["credential"], offered["proven"]) == ("offered", credential, True)
    assert offered["issuer"] == {"id": backpack.issuer.did, "name": "Riverside School"}
    await backpack.mail_to(ADA, "You were awarded a badge: First aid")

    accepted = await ada.post(f"/v1/credentials/{offered['id']}/accept")
    assert accepted["state"] == "accepted"
    said = await backpack.answers(2, credential)
    assert [(each.type, each.sequence) for each in said] == [
        ("org.confer.credential.stored.v1", 1),
        ("org.confer.credential.accepted.v1", 2),
    ]
    assert all(each.data["credential"] == credential for each in said)
