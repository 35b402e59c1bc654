"""What an issuer delivers reaches the learner whose proven identifier it is for (story, step 4)."""

import anyio
import pytest
from sqlalchemy import select, text

from services.backpack.deliveries import expiry
from services.backpack.deliveries.store import Delivery, credential_key
from shared import contracts
from shared.vc import strict_json
from tests.integration.backpack.stage import Stage, until

pytestmark = pytest.mark.anyio

ADA = "ada@school.example"


async def settled(backpack: Stage, credential: str) -> Delivery:
    """The delivery, once it has been verified."""

    async def look() -> Delivery | None:
        async with backpack.service.db.read() as session:
            query = select(Delivery).where(Delivery.key == credential_key(credential))
            found = (await session.execute(query)).scalar_one_or_none()
        return found if found is not None and (found.state != "arrived" or found.attempts) else None

    delivery: Delivery = await until(look)
    return delivery


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
    for each in said:
        assert each.data == {"credential": credential, "at": "2026-11-21T12:00:00Z"}
        assert each.dataschema == contracts.schema_url(backpack.url, each.type)


async def test_the_exact_bytes_are_kept(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    text = strict_json.dumps(backpack.award(ADA)).decode()
    spaced = " " + text.replace('"name":', '"name" : ', 1)
    await backpack.deliver(spaced, ADA, credential=strict_json.loads(text)["id"])  # type: ignore[index, call-overload]  # an object, by construction
    [badge] = await ada.waits_for_badges(1)
    file = await ada.request("GET", f"/v1/credentials/{badge['id']}/file", 200)
    assert file.content == spaced.strip().encode()
    assert file.headers["content-type"] == "application/vc"


async def test_address_is_matched_whatever_its_case(backpack: Stage) -> None:
    ada = await backpack.learner("  ADA@School.Example ".strip(), confirmed=False)
    await ada.confirm(ADA)
    await backpack.deliver(backpack.award("Ada@SCHOOL.example"), "Ada@SCHOOL.example")
    await ada.waits_for_badges(1)


async def test_badge_waits_for_somebody_without_an_account(backpack: Stage) -> None:
    credentials = [await backpack.deliver(backpack.award(ADA), ADA) for _ in range(3)]
    await backpack.mail_to(ADA, "You were awarded a badge: First aid")
    for credential in credentials:
        assert [each.type for each in await backpack.answers(1, credential)] == [
            "org.confer.credential.stored.v1"
        ]
    invitations = [mail for mail in backpack.mails() if mail["To"] == ADA]
    assert len(invitations) == 1, "one mail, however many awards"
    assert "/sign-up" in invitations[0].get_content()

    ada = await backpack.learner(ADA, confirmed=False)
    assert await ada.badges() == [], "nothing is matched before the address is proven"
    assert (await ada.confirm(ADA))["offered"] == 3
    assert {badge["credential"] for badge in await ada.badges(state="offered")} == set(credentials)


async def test_two_learners_never_see_each_others(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    bob = await backpack.learner("bob@school.example")
    await backpack.deliver(backpack.award(ADA), ADA)
    [badge] = await ada.waits_for_badges(1)
    await ada.post(f"/v1/credentials/{badge['id']}/accept")
    share = await ada.post("/v1/shares", {"credentials": [badge["id"]]}, 201)
    [consent] = (await ada.get("/v1/consents"))["items"]
    [session] = (await ada.get("/v1/sessions"))["items"]
    [identifier] = (await ada.get("/v1/learners/me/identifiers"))["items"]

    assert await bob.badges() == []
    one = f"/v1/credentials/{badge['id']}"
    for path in (
        one,
        f"{one}/file",
        f"{one}/given",
        f"/v1/shares/{share['id']}",
        f"/v1/shares/{share['id']}/views",
    ):
        await bob.request("GET", path, 404)
    for path in (
        *(f"{one}/{action}" for action in ("accept", "decline", "hide", "unhide", "check")),
        f"/v1/shares/{share['id']}/close",
        f"/v1/consents/{consent['id']}/withdraw",
        f"/v1/learners/me/identifiers/{identifier['id']}/send",
    ):
        await bob.request("POST", path, 404)
    for path in (one, f"/v1/sessions/{session['id']}", f"/v1/learners/me/identifiers/{identifier['id']}"):
        await bob.request("DELETE", path, 404)
    refused = await bob.post("/v1/shares", {"credentials": [badge["id"]]}, 409)
    assert refused["code"] == "cannot-share"
    for path in (f"/badges/{badge['id']}", f"/badges/{badge['id']}/image", f"/my-shares/{share['id']}"):
        await bob.request("GET", path, 404)
    assert (await ada.get(f"/v1/shares/{share['id']}"))["state"] == "open"


async def test_an_event_twice_brings_one_badge(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    badge = backpack.award(ADA)
    credential = await backpack.deliver(badge, ADA)
    [kept] = await ada.waits_for_badges(1)
    text = strict_json.dumps(badge).decode()
    data = {"credential": credential, "recipient": {"type": "emailAddress", "identity": ADA}}
    repeated = {**data, "media_type": "application/vc", "body": text}
    await backpack.announce("credential.issued", credential, repeated, sequence=1)
    await backpack.announce("credential.issued", credential, repeated, sequence=2)
    # The second is a delivery anew: it is answered again, and changes nothing.
    said = await backpack.answers(2, credential)
    assert [each.type for each in said] == ["org.confer.credential.stored.v1"] * 2
    assert [each["id"] for each in await ada.badges()] == [kept["id"]]


async def test_removed_badge_does_not_come_back(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    badge = backpack.award(ADA)
    credential = await backpack.deliver(badge, ADA)
    [kept] = await ada.waits_for_badges(1)
    await ada.request("DELETE", f"/v1/credentials/{kept['id']}", 204)
    await backpack.deliver(badge, ADA)
    said = await backpack.answers(3, credential)
    assert [each.type.split(".")[-2] for each in said] == ["stored", "removed", "removed"]
    assert [each.sequence for each in said] == [1, 2, 3]
    assert await ada.badges() == []


async def test_what_does_not_verify_is_not_kept(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    forged = {**backpack.award(ADA), "name": "Brain surgery"}
    named_other = backpack.award(ADA)
    for_bob = backpack.award("bob@school.example")
    cases = {
        "proof.invalid": (forged, forged["id"]),
        "delivery.another-credential": (named_other, f"{named_other['id']}0"),
        "recipient.not_matched": (for_bob, for_bob["id"]),
    }
    for reason, (badge, credential) in cases.items():
        await backpack.deliver(badge, ADA, credential=credential)
        delivery = await settled(backpack, credential)
        assert (delivery.state, delivery.refusal, delivery.content) == ("refused", reason, None)
    await backpack.deliver("not a badge", ADA, credential="urn:x:1")
    assert (await settled(backpack, "urn:x:1")).refusal == "format.unrecognised"
    assert await ada.badges() == []


async def test_delivery_waits_for_an_issuer_that_is_away(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    pages = dict(backpack.network.pages)
    backpack.network.pages.clear()
    credential = await backpack.deliver(backpack.award(ADA), ADA)
    assert (await settled(backpack, credential)).state == "arrived"
    assert await ada.badges() == []
    backpack.network.pages.update(pages)
    backpack.time.forward(minutes=1)
    await ada.waits_for_badges(1)


async def test_revocation_reaches_holder_and_pages(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    credential = await backpack.deliver(backpack.award(ADA), ADA)
    [badge] = await ada.waits_for_badges(1)
    await ada.post(f"/v1/credentials/{badge['id']}/accept")
    share = await ada.post("/v1/shares", {"credentials": [badge["id"]]}, 201)

    await backpack.change(
        "revoked", credential, at="2026-11-21T12:00:00Z", code="issued-in-error", reason="Mixed up."
    )
    [revoked] = await ada.waits_for_badges(1, status="revoked")
    assert revoked["status"]["code"] == "issued-in-error"
    assert revoked["status"]["reason"] == "Mixed up."
    mail = await backpack.mail_to(ADA, "Revoked: your badge First aid")
    assert "Mixed up." in mail.get_content()
    public = await backpack.client(accept="text/html").get(share["url"])
    assert "Revoked." in public.text
    assert "Mixed up." not in public.text, "the reason is the holder's"
    own = await ada.request("GET", f"/badges/{badge['id']}", 200)
    assert "Revoked." in own.text


async def test_suspension_comes_and_goes_and_revocation_stays(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    credential = await backpack.deliver(backpack.award(ADA), ADA)
    [badge] = await ada.waits_for_badges(1)
    for verb, status in (
        ("suspended", "suspended"),
        ("reinstated", "valid"),
        ("replaced", "replaced"),
        ("revoked", "revoked"),
    ):
        more = {"by": f"{credential}0"} if verb == "replaced" else {}
        await backpack.change(verb, credential, **more)
        await ada.waits_for_badges(1, status=status)
    refused = await ada.post(f"/v1/credentials/{badge['id']}/accept", expect=409)
    assert refused["code"] == "wrong-state"
    await backpack.mail_to(ADA, "Replaced:")
    await backpack.mail_to(ADA, "Valid again:")


async def test_status_that_overtakes_the_verification_is_kept(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    pages = dict(backpack.network.pages)
    backpack.network.pages.clear()
    credential = await backpack.deliver(backpack.award(ADA), ADA)
    await settled(backpack, credential)
    await backpack.change("revoked", credential, reason="Mixed up.")

    async def noted() -> bool:
        return (await settled(backpack, credential)).status == "revoked"

    await until(noted)
    backpack.network.pages.update(pages)
    backpack.time.forward(minutes=1)
    [badge] = await ada.waits_for_badges(1)
    assert badge["status"]["status"] == "revoked"
    assert badge["status"]["reason"] == "Mixed up."


async def test_unclaimed_badge_expires_with_notice(backpack: Stage) -> None:
    credential = await backpack.deliver(backpack.award(ADA), ADA)
    await backpack.mail_to(ADA, "You were awarded a badge")
    context = backpack.service.context
    assert await expiry.expire_due(context) == 0
    backpack.time.forward(days=84)
    assert await expiry.expire_due(context) == 1
    mail = await backpack.mail_to(ADA, "A badge waits for you until 19 February 2027")
    assert "/sign-up" in mail.get_content()
    assert await expiry.expire_due(context) == 0, "the notice goes out once"
    backpack.time.forward(days=7)
    assert await expiry.expire_due(context) == 1
    await backpack.mail_to(ADA, "A badge was not claimed")
    said = await backpack.answers(2, credential)
    assert [each.type.split(".")[-2] for each in said] == ["stored", "removed"]
    ada = await backpack.learner(ADA)
    assert await ada.badges() == []


async def test_issuer_may_name_the_day(backpack: Stage) -> None:
    await backpack.deliver(backpack.award(ADA), ADA, claim_until="2026-11-25T12:00:00Z")
    await backpack.mail_to(ADA, "You were awarded a badge")
    backpack.time.forward(days=3)
    assert await expiry.expire_due(backpack.service.context) == 1
    await backpack.mail_to(ADA, "A badge waits for you until 25 November 2026")
    backpack.time.forward(days=2)
    assert await expiry.expire_due(backpack.service.context) == 1


async def test_delivery_and_proof_at_the_same_moment(backpack: Stage) -> None:
    """Whichever comes first, the badge is found: keeping for an address and proving it wait for one another."""
    for number in range(6):
        address = f"learner-{number}@school.example"
        learner = await backpack.learner(address, confirmed=False)
        badges = [backpack.award(address) for _ in range(3)]
        async with anyio.create_task_group() as group:
            group.start_soon(learner.confirm, address)
            for badge in badges:
                group.start_soon(backpack.deliver, badge, address)
        found = await learner.waits_for_badges(3, state="offered")
        assert {each["credential"] for each in found} == {badge["id"] for badge in badges}


async def test_many_awards_at_once(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    for _ in range(60):
        await backpack.deliver(backpack.award(ADA), ADA)
    badges = await ada.waits_for_badges(60, limit=200)
    assert len({badge["credential"] for badge in badges}) == 60


async def test_a_fault_of_ours_holds_up_one_delivery_only(embedded: Stage) -> None:
    """A row that the database refuses (a trigger stands in for a bug) is put off; the others of its batch are kept."""
    backpack = embedded
    async with backpack.service.db.write() as session:
        await session.execute(
            text(
                "CREATE TRIGGER fault BEFORE INSERT ON credential WHEN NEW.name = 'Cursed' "
                "BEGIN SELECT RAISE(ABORT, 'a fault'); END"
            )
        )
    ada = await backpack.learner(ADA)
    cursed = backpack.award(ADA, name="Cursed")
    for badge in (backpack.award(ADA), cursed, backpack.award(ADA)):
        await backpack.deliver(badge, ADA)
    await ada.waits_for_badges(2)
    assert (await settled(backpack, cursed["id"])).state == "arrived"
    async with backpack.service.db.write() as session:
        await session.execute(text("DROP TRIGGER fault"))
    backpack.time.forward(minutes=5)
    await ada.waits_for_badges(3)
