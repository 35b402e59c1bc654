"""What the addresses in credentials answer, by negotiation, and to whom."""

import pytest

from shared.vc.baking import extract
from tests.integration.issuer.stage import ACHIEVEMENT, Organisation

# What is shown here does not depend on the kind of database.
pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("issuer_database", ["sqlite"], indirect=True)]


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/vc"),
        ("application/json", "application/json"),
        ("application/ld+json", "application/ld+json"),
        ("application/vc+ld+json", "application/vc+ld+json"),
        ("image/png", "image/png"),
        ("image/svg+xml, */*;q=0.1", "image/svg+xml"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
    ],
)
async def test_a_public_credential_in_every_form(school: Organisation, accept: str, media_type: str) -> None:
    award = await school.award((await school.achievement())["id"], public=True)
    exact = (await school.credential(award)).content
    answer = await school.stage.client({"Accept": accept}).get(award["credential"])
    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type
    assert "Accept" in answer.headers["vary"]
    if media_type.startswith("image/"):
        assert extract(answer.content).text.encode() == exact
    elif media_type.startswith("text/html"):
        assert "Data Analysis I" in answer.text
        assert "<script" not in answer.text
    else:
        assert answer.content == exact


async def test_a_private_credential_answers_its_own_organisation_only(
    school: Organisation, other: Organisation
) -> None:
    award = await school.award((await school.achievement())["id"])
    path = f"/credentials/{award['id']}"
    stranger = await school.stage.client().get(path)
    assert (stranger.status_code, stranger.json()["code"]) == (404, "not-found")
    assert (await other.request("GET", path)).status_code == 404
    without_scope = school.stage.organisation("profiles:read", name=school.id)
    assert (await without_scope.request("GET", path)).status_code == 404
    own = await school.request("GET", path, expect=200)
    assert own.headers["cache-control"] == "private, no-store"
    refused = await school.request("GET", path, headers={"Accept": "application/pdf"}, expect=406)
    assert "image/png" in refused.json()["available"]


async def test_baking_works_from_either_kind_of_upload(school: Organisation) -> None:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9"/></svg>'
    made = await school.achievement(publish=False)
    path = f"/v1/achievements/{made['id']}"
    await school.request("PUT", f"{path}/image?caption=A+square", content=svg, expect=200)
    await school.post(f"{path}/publish")
    award = await school.award(made["id"], public=True)
    png = await school.credential(award, "image/png")
    assert extract(png.content).text == (await school.credential(award)).text
    from tests.integration.issuer.test_achievements import png as picture

    await school.request("PUT", f"{path}/image?caption=A+square", content=picture(), expect=200)
    await school.post(f"{path}/publish")
    award = await school.award(made["id"], "b@x.example", public=True)
    baked = await school.credential(award, "image/svg+xml")
    assert extract(baked.content).text == (await school.credential(award)).text


async def test_pages_for_people(school: Organisation) -> None:
    hostile = {
        **ACHIEVEMENT,
        "criteria": {"narrative": "# Title\n\n<script>alert(1)</script> [x](javascript:alert(1))"},
    }
    made = await school.achievement(achievement=hostile)
    browser = school.stage.client({"Accept": "text/html"})
    page = await browser.get(f"/achievements/{made['id']}")
    assert page.status_code == 200
    assert "<script" not in page.text
    assert 'href="javascript' not in page.text
    assert 'alt="Badge: Data Analysis I"' in page.text
    issuer = await browser.get(f"/issuers/{made['profile']}")
    assert f"/achievements/{made['id']}" in issuer.text
    assert "demonstration" in issuer.text.lower()
    missing = await browser.get("/issuers/" + "0" * 32)
    assert (missing.status_code, missing.headers["content-type"]) == (404, "text/html; charset=utf-8")


async def test_results_are_shown_by_name(school: Organisation) -> None:
    results = [
        {"resultDescription": "#analysis", "achievedLevel": "#exceeds"},
        {"resultDescription": "#score", "value": "87"},
    ]
    award = await school.award((await school.achievement())["id"], public=True, subject={"result": results})
    page = (await school.stage.client({"Accept": "text/html"}).get(award["credential"])).text
    assert "<dt>Analysis</dt><dd>Exceeds</dd>" in page
    assert "<dt>Score</dt><dd>87</dd>" in page


async def test_revoked_credentials_say_so_on_their_page(school: Organisation) -> None:
    award = await school.award((await school.achievement())["id"], public=True)
    await school.post(f"/v1/awards/{award['id']}/revoke", {"code": "misconduct", "reason": "Private words."})
    page = (await school.stage.client({"Accept": "text/html"}).get(award["credential"])).text
    assert "Revoked (misconduct):" in page
    assert "(misconduct)" in page
    assert "Private words." not in page


async def test_a_status_list_is_cachable_and_says_how_long(school: Organisation) -> None:
    award = await school.award((await school.achievement())["id"])
    url = (await school.credential(award)).json()["credentialStatus"]["statusListCredential"]
    answer = await school.stage.client().get(url)
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert answer.json()["credentialSubject"]["ttl"] == 60_000
    again = await school.stage.client({"If-None-Match": answer.headers["etag"]}).get(url)
    assert again.status_code == 304


async def test_every_operation_states_whom_it_is_for(school: Organisation) -> None:
    from shared.http.openapi import operations

    app = school.stage.service.build()
    assert [each for each in operations(app) if not each.stated] == []
    document = app.openapi()
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(set(ids)) == len(ids)
    assert all(operation.get("summary") for path in document["paths"].values() for operation in path.values())
