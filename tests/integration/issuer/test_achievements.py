"""Achievements: every property, drafts and versions, images, rubrics as rows."""

import io
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from services.issuer.achievements.store import ResultDescription, RubricLevel
from tests.integration.issuer.stage import ACHIEVEMENT, Organisation

# What is shown here does not depend on the kind of database.
pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("issuer_database", ["sqlite"], indirect=True)]

WHOLE: dict[str, Any] = {
    **ACHIEVEMENT,
    "alignment": [
        {
            "type": ["Alignment"],
            "targetName": "Data literacy",
            "targetUrl": "https://frameworks.example/data-literacy",
            "targetCode": "ce-1f0a",
            "targetDescription": "Reads data.",
            "targetFramework": "A framework",
            "targetType": "ceasn:Competency",
        }
    ],
    "creditsAvailable": 2.5,
    "fieldOfStudy": "Statistics",
    "humanCode": "DA-1",
    "inLanguage": "en-GB",
    "specialization": "Surveys",
    "version": "2026.1",
    "otherIdentifier": [{"type": ["IdentifierEntry"], "identifier": "i-1", "identifierType": "identifier"}],
    "related": [{"type": ["Related"], "id": "https://elsewhere.example/achievements/1", "version": "1"}],
    "creator": {"id": "https://creator.example", "type": ["Profile"], "name": "The authors"},
    "criteria": {"id": "https://riverside.example/criteria", "narrative": "# What it takes\n\nA *report*."},
    "image": {"id": "https://riverside.example/badge.png", "type": "Image", "caption": "A chart"},
}


def png(width: int = 64, height: int = 64) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "#204060").save(out, "PNG")
    return out.getvalue()


async def test_every_property_comes_through(school: Organisation) -> None:
    made = await school.achievement(achievement=WHOLE)
    public = (await school.stage.client().get(f"/achievements/{made['id']}")).json()
    assert {name: public[name] for name in WHOLE.keys() - {"resultDescription"}} == {
        name: WHOLE[name] for name in WHOLE.keys() - {"resultDescription"}
    }
    assert public["id"] == made["versions"][0]["id"] == f"{made['url']}/v1"
    levels = public["resultDescription"][0]["rubricCriterionLevel"]
    assert [level["id"] for level in levels] == [f"{public['id']}#meets", f"{public['id']}#exceeds"]
    credential = (await school.credential(await school.award(made["id"]))).json()
    assert credential["credentialSubject"]["achievement"] == {
        k: v for k, v in public.items() if k != "@context"
    }


async def test_result_descriptions_and_levels_are_rows(school: Organisation) -> None:
    made = await school.achievement()
    async with school.stage.service.db.read() as session:
        described = (
            await session.scalars(select(ResultDescription).order_by(ResultDescription.position))
        ).all()
        levels = (await session.scalars(select(RubricLevel).order_by(RubricLevel.position))).all()
    assert [(d.name, d.value_max, d.achievement_id) for d in described] == [
        ("Analysis", None, made["id"]),
        ("Score", "100", made["id"]),
    ]
    assert [(level.name, level.level) for level in levels] == [("Meets", "2"), ("Exceeds", "3")]


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"name": None}, "/achievement"),
        ({"criteria": {}}, "/achievement/criteria"),
        ({"achievementType": "Nonsense"}, "/achievement/achievementType"),
        ({"favouriteColour": "blue"}, "/achievement/favouriteColour"),
        ({"id": "https://evil.example"}, "/achievement/id"),
        ({"resultDescription": [{"type": ["ResultDescription"], "name": "x", "resultType": "RubricCriterionLevel", "requiredLevel": "#none"}]}, "/achievement/resultDescription/0/requiredLevel"),
        ({"alignment": [{"type": ["Alignment"], "targetName": "x"}]}, "/achievement/alignment/0"),
    ],
)  # fmt: skip
async def test_what_breaks_the_model_is_named(
    school: Organisation, wrong: dict[str, Any], pointer: str
) -> None:
    profile = (await school.profile())["id"]
    body = {"profile": profile, "achievement": {**ACHIEVEMENT, **wrong}}
    refused = await school.post("/v1/achievements", body, 422)
    assert refused["code"] == "invalid-achievement"
    assert any(error["pointer"].startswith(pointer) for error in refused["errors"]), refused


async def test_terms_of_another_context_need_that_context(school: Organisation) -> None:
    profile = (await school.profile())["id"]
    unknown = {
        "profile": profile,
        "achievement": ACHIEVEMENT,
        "contexts": ["https://unknown.example/context"],
    }
    refused = await school.post("/v1/achievements", unknown, 422)
    assert (refused["code"], refused["context"]) == ("unknown-context", "https://unknown.example/context")
    extension = "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"
    made = await school.achievement(profile, contexts=[extension])
    credential = (await school.credential(await school.award(made["id"]))).json()
    assert credential["@context"][2] == extension


async def test_editing_what_is_published_makes_the_next_version(school: Organisation) -> None:
    made = await school.achievement()
    path = f"/v1/achievements/{made['id']}"
    first = (await school.stage.client().get(f"{made['url']}/v1")).json()
    assert (await school.post(f"{path}/publish", None, 409))["code"] == "nothing-to-publish"
    change = {"achievement": {**ACHIEVEMENT, "name": "Data Analysis II"}}
    changed = await school.request("PATCH", path, json=change, headers={"If-Match": "*"}, expect=200)
    assert (changed.json()["has_draft"], changed.json()["state"]) == (True, "published")
    assert (await school.stage.client().get(made["url"])).json()["name"] == "Data Analysis I"
    award = await school.award(made["id"], "first@x.example")
    assert award["achievement_version"].endswith("/v1")
    published = await school.post(f"{path}/publish")
    assert [v["number"] for v in published["versions"]] == [1, 2]
    latest = (await school.stage.client().get(made["url"])).json()
    assert (latest["name"], latest["id"], latest["version"]) == ("Data Analysis II", f"{made['url']}/v2", "2")
    assert (await school.stage.client().get(f"{made['url']}/v1")).json() == first
    again = await school.award(made["id"], "second@x.example")
    assert again["achievement_version"] == f"{made['url']}/v2"


async def test_an_image_change_alone_keeps_the_rest(school: Organisation) -> None:
    made = await school.achievement()
    path = f"/v1/achievements/{made['id']}"
    await school.request("PUT", f"{path}/image?caption=A+blue+square", content=png(), expect=200)
    await school.post(f"{path}/publish")
    first = (await school.stage.client().get(f"{made['url']}/v1")).json()
    second = (await school.stage.client().get(f"{made['url']}/v2")).json()
    assert second["image"] == {"id": f"{made['url']}/v2/image", "type": "Image", "caption": "A blue square"}
    assert second["resultDescription"][0]["id"] == f"{made['url']}/v2#analysis"
    assert (first["name"], first["criteria"]) == (second["name"], second["criteria"])
    shown = await school.stage.client().get(f"{made['url']}/v2/image")
    assert shown.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(shown.content)).size == (64, 64)


async def test_a_default_is_drawn(school: Organisation) -> None:
    made = await school.achievement()
    document = made["achievement"]
    assert document["image"]["caption"] == "Badge: Data Analysis I"
    drawn = await school.stage.client().get(document["image"]["id"], headers={"Accept": "image/png"})
    assert Image.open(io.BytesIO(drawn.content)).format == "PNG"
    svg = await school.stage.client().get(document["image"]["id"], headers={"Accept": "image/svg+xml"})
    assert b"<title>Data Analysis I</title>" in svg.content
    assert "sandbox" in svg.headers["content-security-policy"]


async def test_active_content_in_an_svg_is_dropped(school: Organisation) -> None:
    made = await school.achievement()
    svg = (
        b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9" onload="x()">'
        b'<script>alert(1)</script><foreignObject><body xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>'
        b'<image href="https://spy.example/pixel.png"/><use xlink:href="https://spy.example/#a"/>'
        b'<rect id="kept" width="9" height="9" style="fill:url(https://spy.example/a)" onclick="x()"/></svg>'
    )
    path = f"/v1/achievements/{made['id']}"
    await school.request("PUT", f"{path}/image?caption=x", content=svg, expect=200)
    await school.post(f"{path}/publish")
    kept = (await school.stage.client().get(f"{made['url']}/v2/image")).text
    assert 'id="kept"' in kept
    for gone in ("script", "foreignObject", "onload", "onclick", "spy.example"):
        assert gone not in kept


@pytest.mark.parametrize(
    "content",
    [
        b"GIF89a",
        b"\x89PNG\r\n\x1a\nnonsense",
        b'<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>',
        b'<svg xmlns="http://www.w3.org/2000/svg">' + b"<g>" * 500 + b"</g>" * 500 + b"</svg>",
        png(2049, 1),
    ],
    ids=["gif", "broken png", "entities", "deep", "wide"],
)
async def test_images_that_cannot_be_used(school: Organisation, content: bytes) -> None:
    made = await school.achievement(publish=False)
    path = f"/v1/achievements/{made['id']}/image?caption=x"
    refused = await school.request("PUT", path, content=content, expect=422)
    assert refused.json()["code"] == "invalid-image"


async def test_drafts_are_nobody_elses_business(school: Organisation) -> None:
    made = await school.achievement(publish=False)
    assert (await school.stage.client().get(f"/achievements/{made['id']}")).status_code == 404
    archived = await school.post(f"/v1/achievements/{made['id']}/archive")
    assert archived["state"] == "archived"
    refused = await school.request(
        "PATCH", f"/v1/achievements/{made['id']}", json={"duplicates": "allow"}, headers={"If-Match": "*"}
    )
    assert refused.json()["code"] == "achievement-archived"
