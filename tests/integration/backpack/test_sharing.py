"""A share shows what its owner agreed to show, to whoever has the link, until it is over (story, step 6)."""

from datetime import timedelta
from typing import Any

import pytest

from shared.vc import strict_json
from shared.vc.baking import bake_png
from tests.integration.backpack.stage import PNG, Learner, Stage

pytestmark = pytest.mark.anyio

ADA = "ada@school.example"
HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


async def holding(
    backpack: Stage, count: int = 1, *, picture: bool = False
) -> tuple[Learner, list[Any], list[bytes]]:
    """A learner who holds accepted badges; with their ids and texts."""
    ada = await backpack.learner(ADA)
    ids, texts = [], []
    for _ in range(count):
        badge = backpack.award(ADA)
        if picture:
            address = f"{backpack.issuer.host}/picture.png"
            backpack.network.put(address, PNG)
            subject = badge["credentialSubject"]
            subject["achievement"]["image"] = {"id": address, "type": "Image"}
            badge = backpack.award(ADA, credentialSubject=subject)
        texts.append(strict_json.dumps(badge))
        ids.append((await ada.import_file(texts[-1], "application/vc"))["credential"]["id"])
    return ada, ids, texts


async def test_one_badge_in_all_its_forms(backpack: Stage) -> None:
    ada, ids, [text] = await holding(backpack, picture=True)
    share = await ada.post("/v1/shares", {"credentials": ids, "title": "For my application"}, 201)
    token = share["url"].rpartition("/")[2]
    assert len(bytes.fromhex(token)) == 16, "128 random bits"
    anyone = backpack.client()

    for accept, media_type in (
        ("*/*", "application/vc"),
        ("application/ld+json", "application/ld+json"),
        ("application/json", "application/json"),
        ("application/vc+ld+json, application/vc+jwt, image/png;q=0.5", "application/vc+ld+json"),
    ):
        answer = await anyone.get(share["url"], headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
        assert answer.content == text
        assert answer.headers["cache-control"] == "no-store"
    png = await anyone.get(share["url"], headers={"Accept": "image/png"})
    assert png.content == bake_png(PNG, text.decode())
    page = await anyone.get(share["url"], headers={"Accept": HTML})
    assert page.headers["content-type"].startswith("text/html")
    assert "First aid" in page.text
    assert "For my application" in page.text
    assert page.headers["x-robots-tag"] == "noindex, nofollow"
    picture = await anyone.get(f"{share['url']}/1/image")
    assert picture.content == PNG
    wrong = await anyone.get(share["url"], headers={"Accept": "image/svg+xml"})
    assert (wrong.status_code, wrong.json()["code"]) == (406, "not-acceptable")
    assert "application/vc" in wrong.json()["available"]


async def test_several_badges_are_a_list(backpack: Stage) -> None:
    ada, ids, texts = await holding(backpack, 3)
    share = await ada.post("/v1/shares", {"credentials": ids[::-1]}, 201)
    anyone = backpack.client()
    listed = (await anyone.get(share["url"], headers={"Accept": "application/json"})).json()
    assert [each["name"] for each in listed["credentials"]] == ["First aid"] * 3
    for shown, text in zip(listed["credentials"], reversed(texts), strict=True):
        assert (await anyone.get(shown["url"])).content == text
    page = await anyone.get(share["url"], headers={"Accept": HTML})
    assert page.text.count('class="card"') == 3
    one = await anyone.get(f"{share['url']}/2", headers={"Accept": HTML})
    assert "All badges of this share" in one.text
    assert (await anyone.get(f"{share['url']}/4")).status_code == 404


async def test_looks_are_counted_and_nobody_is_named(backpack: Stage) -> None:
    ada, ids, _ = await holding(backpack)
    share = await ada.post("/v1/shares", {"credentials": ids}, 201)
    browser = backpack.client(**{"user-agent": "Mozilla/5.0 (X11; Linux x86_64)", "accept": HTML})
    for _ in range(2):
        await browser.get(share["url"])
    backpack.time.forward(hours=1)
    await backpack.client(**{"user-agent": "Confer/0.1"}).get(share["url"])
    views = await ada.get(f"/v1/shares/{share['id']}/views")
    assert views["total"] == 3
    assert [(each["client"], each["format"], each["count"]) for each in views["items"]] == [
        ("verifier", "json", 1),
        ("browser", "page", 2),
    ]
    assert set(views["items"][0]) == {"hour", "client", "format", "count"}


async def test_closing_is_for_good_and_withdraws_the_consent(backpack: Stage) -> None:
    ada, ids, _ = await holding(backpack)
    share = await ada.post("/v1/shares", {"credentials": ids}, 201)
    [consent] = (await ada.get("/v1/consents"))["items"]
    assert (consent["id"], consent["purpose"], consent["text_version"]) == (
        share["consent"],
        "share",
        "share-1",
    )
    assert (consent["credentials"], consent["given_by"], consent["withdrawn_at"]) == (ids, ada.id, None)
    backpack.time.forward(minutes=5)
    closed = await ada.post(f"/v1/shares/{share['id']}/close")
    assert closed["state"] == "closed"
    assert (await ada.post(f"/v1/shares/{share['id']}/close"))["closed_at"] == closed["closed_at"]
    [consent] = (await ada.get("/v1/consents"))["items"]
    assert consent["withdrawn_at"] == closed["closed_at"]
    anyone = backpack.client()
    for path in (share["url"], f"{share['url']}/1", f"{share['url']}/1/image"):
        gone = await anyone.get(path)
        assert (gone.status_code, gone.json()["code"]) == (410, "share-closed")
    page = await anyone.get(share["url"], headers={"Accept": HTML})
    assert page.status_code == 410
    assert "The link was closed" in page.text


async def test_withdrawing_the_consent_closes_the_share(backpack: Stage) -> None:
    ada, ids, _ = await holding(backpack)
    share = await ada.post("/v1/shares", {"credentials": ids, "public": True}, 201)
    page = await backpack.client(accept=HTML).get(share["url"])
    assert "x-robots-tag" not in page.headers, "it was published"
    withdrawn = await ada.post(f"/v1/consents/{share['consent']}/withdraw")
    assert withdrawn["purpose"] == "publish"
    assert (await backpack.client().get(share["url"])).status_code == 410


async def test_it_expires_by_the_clock(backpack: Stage) -> None:
    ada, ids, _ = await holding(backpack)
    until = (backpack.time() + timedelta(days=1)).isoformat()
    share = await ada.post("/v1/shares", {"credentials": ids, "expires_at": until}, 201)
    assert (await backpack.client().get(share["url"])).status_code == 200
    backpack.time.forward(days=1)
    assert (await backpack.client().get(share["url"])).status_code == 410
    assert (await ada.get(f"/v1/shares/{share['id']}"))["state"] == "expired"
    late = await ada.post("/v1/shares", {"credentials": ids, "expires_at": until}, 422)
    assert late["errors"][0]["pointer"] == "/expires_at"


async def test_only_accepted_badges_can_be_shared(backpack: Stage) -> None:
    ada, ids, _ = await holding(backpack)
    await backpack.deliver(backpack.award(ADA), ADA)
    [offered] = await ada.waits_for_badges(1, state="offered")
    refused = await ada.post("/v1/shares", {"credentials": [*ids, offered["id"]]}, 409)
    assert refused["errors"] == [{"pointer": "/credentials/1", "detail": "is no accepted badge of yours"}]
    await ada.post("/v1/shares", {"credentials": ids * 2}, 409)


async def test_what_is_removed_or_declined_is_shared_no_more(backpack: Stage) -> None:
    ada, ids, _ = await holding(backpack, 2)
    alone = await ada.post("/v1/shares", {"credentials": ids[:1]}, 201)
    both = await ada.post("/v1/shares", {"credentials": ids}, 201)
    await ada.request("DELETE", f"/v1/credentials/{ids[0]}", 204)
    anyone = backpack.client()
    assert (await anyone.get(alone["url"])).status_code == 410
    assert (await ada.get(f"/v1/shares/{alone['id']}"))["state"] == "closed"
    assert (await anyone.get(both["url"])).status_code == 200
    await ada.post(f"/v1/credentials/{ids[1]}/decline")
    assert (await anyone.get(both["url"])).status_code == 410


async def test_unknown_link(backpack: Stage) -> None:
    for token in ("0" * 32, "x", "%00"):
        assert (await backpack.client().get(f"/shares/{token}")).status_code == 404


async def test_list_pages_through_all(backpack: Stage) -> None:
    ada, ids, _ = await holding(backpack, 5)
    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        found = await ada.get("/v1/credentials", params=params)
        seen += [each["id"] for each in found["items"]]
        cursor = found["next"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(ids)
    assert len(seen) == 5
