"""Badges whose holder chooses what a share shows: base proofs and SD-JWTs are kept whole, and never shown so."""

import re
from typing import Any

import pytest
from sqlalchemy import delete, update

from services.backpack.shares.store import SharedCredential
from shared.vc import strict_json
from shared.vc.baking import bake_png, extract
from shared.vc.dids import DocumentKey
from shared.vc.disclosure import derive_badge, mandatory_pointers
from shared.vc.keys import Algorithm, SigningKey
from shared.vc.proofs import data_integrity, ecdsa_sd, jwt, sd_jwt
from tests.harness.credentials import NOW, codes, report_on
from tests.integration.backpack.stage import PASSWORD, PNG, Stage
from tests.integration.backpack.test_pages import Page

pytestmark = pytest.mark.anyio

ADA = "ada@school.example"
HTML = "text/html"
SECRETS = ("Passed the sea trial", "harbour-report.pdf", "Quietly excellent", "Far beyond the course", "92.5")
"""What a share shows only if it is chosen."""


def unsigned(backpack: Stage, to: str | None) -> dict[str, Any]:
    """A badge that says a lot of its holder, whom it names by her address or only by a DID."""
    badge = backpack.award(to)
    del badge["proof"]
    subject = badge["credentialSubject"]
    if to is None:
        subject["id"] = "did:example:learner"
    described = f"{backpack.issuer.host}/achievements/1#marks"
    picture = f"{backpack.issuer.host}/picture.png"
    backpack.network.put(picture, PNG)
    subject["achievement"] |= {
        "image": {"id": picture, "type": "Image"},
        "tag": ["health"],
        "resultDescription": [
            {"id": described, "type": ["ResultDescription"], "name": "Marks", "resultType": "Percent"}
        ],
    }
    subject["narrative"] = "Quietly excellent"
    subject["result"] = [
        {"type": ["Result"], "resultDescription": described, "value": "92.5"},
        {"type": ["Result"], "value": "Passed the sea trial"},
    ]
    badge["description"] = "Far beyond the course"
    badge["evidence"] = [
        {"id": "https://files.example/harbour-report.pdf", "type": ["Evidence"], "name": "A report"}
    ]
    return badge


class Signed:
    """The same badge in the forms that leave its holder a choice."""

    def __init__(self, backpack: Stage, to: str | None = ADA) -> None:
        self.badge = unsigned(backpack, to)
        key = SigningKey.generate(Algorithm.P256)
        shown = DocumentKey(key.public)
        backpack.issuer.keys += [shown, DocumentKey(key.public, as_jwk=True)]
        backpack.issuer.publish()
        method = f"{backpack.issuer.did}#{shown.fragment}"
        self.base = ecdsa_sd.sign(
            self.badge,
            key=key,
            verification_method=method,
            created=NOW,
            mandatory=mandatory_pointers(self.badge),
        )
        self.sd_jwt = sd_jwt.sign(
            self.badge,
            key=key,
            kid=method,
            selective=[
                "/description", "/evidence", "/credentialSubject/narrative", "/credentialSubject/result/0",
                "/credentialSubject/result/1",
            ],
        )  # fmt: skip
        self.jwt = jwt.sign(self.badge, key=key, kid=f"{backpack.issuer.did}#{key.public.thumbprint()}")

    def text(self, form: str) -> bytes:
        return strict_json.dumps(self.base) if form == "base" else self.sd_jwt.encode()


def holds_base(body: bytes) -> bool:
    """Whether what was handed out has a base proof, or an SD-JWT all its disclosures."""
    text = extract(body).text
    if not text.startswith("{"):
        return len(sd_jwt.parse(text).disclosures) == 5
    return any(
        ecdsa_sd.is_base(one) for one in data_integrity.proofs_of(strict_json.loads_object(text.encode()))
    )


async def everything_shown(backpack: Stage, url: str) -> list[bytes]:
    """Every form in which a share of one badge can be had."""
    anyone = backpack.client()
    asked: list[dict[str, Any]] = [
        {"headers": {"Accept": accept}}
        for accept in ("application/vc", "application/vc+sd-jwt", "text/plain", "image/png", HTML, "*/*")
    ]
    asked += [{"params": {"form": form}} for form in ("json", "jwt", "png")]
    answers = [await anyone.get(path, **how) for path in (url, f"{url}/1") for how in asked]
    return [each.content for each in (*answers, await anyone.get(f"{url}/1/image"))]


@pytest.mark.parametrize("form", ["base", "sd-jwt"])
async def test_a_share_shows_what_was_chosen(backpack: Stage, form: str) -> None:
    signed = Signed(backpack)
    ada = await backpack.learner(ADA)
    imported = (await ada.import_file(signed.text(form), "application/octet-stream"))["credential"]
    assert imported["selective"]
    row = imported["id"]
    detail = await ada.get(f"/v1/credentials/{row}")
    names = {claim["name"]: claim["pointer"] for claim in detail["claims"]}
    assert {"Description", "How it was earned", "Result 1", "Result 2"} <= names.keys()
    values = {claim["name"]: claim["value"] for claim in detail["claims"]}
    assert values["Result 2"] == "Passed the sea trial"
    own = await ada.request("GET", f"/v1/credentials/{row}/file", 200)
    assert own.content == signed.text(form), "she keeps it whole"

    least = await ada.post("/v1/shares", {"credentials": [row]}, 201)
    assert least["credentials"] == [{"position": 1, "credential": row, "revealed": []}]
    for shown in await everything_shown(backpack, least["url"]):
        assert not [secret for secret in SECRETS if secret.encode() in shown]
    wanted = [names["Result 1"]]
    more = await ada.post("/v1/shares", {"credentials": [row], "reveal": {row: wanted}}, 201)
    assert more["credentials"][0]["revealed"] == wanted
    for share, result in ((least, []), (more, ["Marks"])):
        badge = (await backpack.client().get(share["url"])).content
        assert not holds_base(badge)
        report = await report_on(badge, backpack.network)
        assert report.verdict == "accepted", report.to_json()
        assert report.credential is not None
        assert [one["name"] for one in report.credential["results"]] == result
    page = (await backpack.client(accept=HTML).get(more["url"])).text
    assert "92.5" in page
    assert "chose what of it is shown" in page
    assert not [secret for secret in SECRETS if secret != "92.5" and secret in page]

    base = await report_on(signed.text("base"), backpack.network)
    assert (base.verdict, codes(base, "failed")) == ("rejected", ["proof.base"])


async def test_every_way_out_shows_the_part(embedded: Stage) -> None:
    """With the picture that carries it: one that was imported with the base proof inside is baked anew."""
    signed = Signed(embedded)
    ada = await embedded.learner(ADA)
    file = bake_png(PNG, strict_json.dumps(signed.base).decode())
    row = (await ada.import_file(file, "image/png"))["credential"]["id"]
    assert (await ada.request("GET", f"/v1/credentials/{row}/file?form=png", 200)).content == file
    with_picture = {"credentials": [row], "reveal": {row: ["/credentialSubject/achievement"]}}
    share = await ada.post("/v1/shares", with_picture, 201)
    anyone = embedded.client()
    png = (await anyone.get(share["url"], headers={"Accept": "image/png"})).content
    assert (await report_on(png, embedded.network)).verdict == "accepted"
    for shown in await everything_shown(embedded, share["url"]):
        assert not [secret for secret in SECRETS if secret.encode() in shown]
        if shown.startswith((b"{", b"\x89PNG")) and b"@context" in shown:
            assert not holds_base(shown)
    two = (await ada.import_file(strict_json.dumps(embedded.award(ADA)), "application/vc"))["credential"][
        "id"
    ]
    several = await ada.post("/v1/shares", {"credentials": [two, row]}, 201)
    assert several["credentials"][0]["revealed"] is None
    listed = await anyone.get(several["url"], headers={"Accept": "application/json"})
    assert "Far beyond the course" not in listed.text
    assert "image/png" not in listed.json()["credentials"][1]["media_types"], "the picture was not chosen"
    assert (await anyone.get(f"{several['url']}/2/image")).status_code == 404


async def test_only_what_can_be_chosen(embedded: Stage) -> None:
    signed = Signed(embedded)
    ada = await embedded.learner(ADA)
    row = (await ada.import_file(signed.text("base"), "application/vc"))["credential"]["id"]
    plain = (await ada.import_file(strict_json.dumps(embedded.award(ADA)), "application/vc"))["credential"][
        "id"
    ]
    for reveal, pointer in (
        ({row: ["/issuer"]}, f"/reveal/{row}/0"),
        ({row: ["/evidence/0", "/nonsense"]}, f"/reveal/{row}/1"),
        ({plain: ["/name"]}, f"/reveal/{plain}"),
        ({"0" * 32: []}, f"/reveal/{'0' * 32}"),
        ({row: ["no pointer"]}, f"/reveal/{row}/0"),
    ):
        refused = await ada.post("/v1/shares", {"credentials": [row, plain], "reveal": reveal}, 422)
        assert refused["errors"][0]["pointer"] == pointer, refused


async def test_by_pages_without_scripts(embedded: Stage) -> None:
    signed = Signed(embedded)
    ada = await embedded.learner(ADA)
    row = (await ada.import_file(signed.text("base"), "application/vc"))["credential"]["id"]
    browser = embedded.client(accept=HTML, origin=embedded.url)
    signing_in = Page((await browser.get("/sign-in")).text)
    hidden = signing_in.form("/sign-in")
    await browser.post("/sign-in", data={**hidden, "login": ada.login, "password": PASSWORD})
    badge = (await browser.get(f"/badges/{row}")).text
    assert "What you can keep back" in badge
    assert "the holder chooses what to show" in badge
    form = Page((await browser.get(f"/my-shares/new?credential={row}")).text)
    offered = {field["value"] for field in form.fields if field.get("name") == "reveal"}
    assert f"{row} /evidence/0" in offered
    answer = await browser.post(
        "/my-shares/new",
        data={
            **form.form("/my-shares/new"),
            "credential": [row],
            "reveal": [f"{row} /evidence/0", f"{'0' * 32} /name"],
            "audience": "link",
        },
    )
    assert answer.status_code == 303, answer.text
    opened = (await browser.get(answer.headers["location"])).text
    assert "(in part, with: Evidence 1)" in opened
    link = re.search(r'href="(http[^"]+/shares/[0-9a-f]+)"', opened)
    assert link is not None
    shown = (await embedded.client(accept=HTML).get(link[1])).text
    assert "harbour-report.pdf" in shown
    assert "92.5" not in shown


async def test_a_delivered_base_proof_reaches_its_holder(backpack: Stage) -> None:
    ada = await backpack.learner(ADA)
    await backpack.deliver(backpack.award(ADA), ADA)
    await ada.waits_for_badges(1)
    signed = Signed(backpack)  # by a key that is newer than what is remembered of its issuer
    await backpack.deliver(signed.base, ADA)
    held = next(one for one in await ada.waits_for_badges(2) if one["credential"] == signed.badge["id"])
    assert (held["selective"], held["state"]) == (True, "offered")
    await ada.post(f"/v1/credentials/{held['id']}/accept")
    share = await ada.post("/v1/shares", {"credentials": [held["id"]]}, 201)
    assert (
        await report_on((await backpack.client().get(share["url"])).content, backpack.network)
    ).verdict == "accepted"
    await backpack.change("revoked", signed.badge["id"])
    await ada.waits_for_badges(1, status="revoked")
    page = (await backpack.client(accept=HTML).get(share["url"])).text
    assert "its issuer has withdrawn this badge" in page.lower()
    assert await backpack.service.fsck() == []


@pytest.mark.parametrize("confirmed", [True, False])
async def test_the_whole_comes_after_a_part(backpack: Stage, confirmed: bool) -> None:
    """She imported what everyone sees; what her issuer delivers is the whole, and her shares go on as they were."""
    signed = Signed(backpack, to=ADA if confirmed else None)
    ada = await backpack.learner(ADA, confirmed=confirmed)
    text = strict_json.dumps(derive_badge(signed.base, ["/credentialSubject/achievement"]))
    row = (await ada.import_file(text, "application/vc"))["credential"]["id"]
    share = await ada.post("/v1/shares", {"credentials": [row]}, 201)
    assert share["credentials"][0]["revealed"] is None
    await backpack.deliver(signed.base, ADA)
    await backpack.answers(1, signed.badge["id"])
    if not confirmed:  # it waits for her until she has proven to be who it was sent to
        await ada.confirm(ADA)
    [held] = await ada.waits_for_badges(1, origin="delivered")
    assert (held["id"], held["selective"]) == (row, True)
    own = await ada.request("GET", f"/v1/credentials/{row}/file", 200)
    assert holds_base(own.content)
    assert (await backpack.client().get(share["url"])).content == text
    assert await backpack.service.fsck() == []


async def test_without_its_part_nothing_is_shown(embedded: Stage) -> None:
    """Whatever becomes of the rows: a share never falls back to the base proof."""
    signed = Signed(embedded)
    ada = await embedded.learner(ADA)
    row = (await ada.import_file(signed.text("base"), "application/vc"))["credential"]["id"]
    share = await ada.post("/v1/shares", {"credentials": [row]}, 201)
    [exported] = (await ada.get("/v1/learners/me/export"))["shares"]
    assert exported["parts"][0]["content"].encode() == (await embedded.client().get(share["url"])).content
    async with embedded.service.db.write() as session:
        await session.execute(update(SharedCredential).values(part=b"nothing that opens"))
    assert await embedded.service.fsck() == [
        f"credential {row}: share {share['id']} cannot show its part of it"
    ]
    async with embedded.service.db.write() as session:
        await session.execute(delete(SharedCredential))
        session.add(SharedCredential(share_id=share["id"], position=1, credential_row=row))
    assert (await embedded.client().get(share["url"])).status_code == 410


async def test_a_jwt_is_shown_whole(embedded: Stage) -> None:
    signed = Signed(embedded)
    ada = await embedded.learner(ADA)
    held = (await ada.import_file(signed.jwt.encode(), "application/vc+jwt"))["credential"]
    assert (held["selective"], held["media_type"]) == (False, "application/vc+jwt")
    share = await ada.post("/v1/shares", {"credentials": [held["id"]]}, 201)
    shown = await embedded.client().get(share["url"])
    assert (shown.headers["content-type"], shown.text) == ("application/vc+jwt", signed.jwt)
    page = (await embedded.client(accept=HTML).get(share["url"])).text
    assert "<dt>Signed as</dt><dd>JWT</dd>" in page
