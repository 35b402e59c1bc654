"""Two organisations side by side: neither reads nor changes anything of the other."""

import pytest

from tests.integration.issuer.stage import Organisation

pytestmark = pytest.mark.anyio


async def test_nothing_of_the_other_is_there(school: Organisation, other: Organisation) -> None:
    profile = (await school.profile())["id"]
    achievement = (await school.achievement(profile))["id"]
    award = await school.award(achievement)
    evidence = await school.client.post("/v1/evidence", files={"file": ("x.txt", b"hello")})
    piece = evidence.json()["id"]
    key = (await school.get(f"/v1/profiles/{profile}/keys"))["items"][0]["id"]
    matched = {"If-Match": "*"}
    recipient = {"type": "emailAddress", "identity": "a@x.example"}
    attempts = [
        ("GET", f"/v1/profiles/{profile}", None),
        ("PUT", f"/v1/profiles/{profile}", {"profile": {"name": "Mine"}}),
        ("POST", f"/v1/profiles/{profile}/close", {}),
        ("GET", f"/v1/profiles/{profile}/keys", None),
        ("POST", f"/v1/profiles/{profile}/keys/rotate", None),
        ("POST", f"/v1/profiles/{profile}/keys/{key}/compromise", {}),
        ("POST", "/v1/achievements", {"profile": profile, "achievement": {"name": "x"}}),
        ("GET", f"/v1/achievements/{achievement}", None),
        ("PATCH", f"/v1/achievements/{achievement}", {"duplicates": "allow"}),
        ("PUT", f"/v1/achievements/{achievement}/image?caption=x", None),
        ("DELETE", f"/v1/achievements/{achievement}/image", None),
        ("POST", f"/v1/achievements/{achievement}/publish", None),
        ("POST", f"/v1/achievements/{achievement}/archive", None),
        ("GET", f"/v1/evidence/{piece}", None),
        ("GET", f"/v1/evidence/{piece}/content", None),
        ("PATCH", f"/v1/evidence/{piece}", {"name": "Mine"}),
        ("DELETE", f"/v1/evidence/{piece}", None),
        ("POST", "/v1/awards", {"achievement": achievement, "recipient": recipient}),
        ("GET", f"/v1/awards/{award['id']}", None),
        ("POST", f"/v1/awards/{award['id']}/revoke", {}),
        ("POST", f"/v1/awards/{award['id']}/suspend", {}),
        ("POST", f"/v1/awards/{award['id']}/reinstate", {}),
        ("POST", f"/v1/awards/{award['id']}/replace", {}),
        ("GET", f"/credentials/{award['id']}", None),
    ]
    for method, path, body in attempts:
        answer = await other.client.request(method, path, json=body, headers=matched)
        expected = {404, 422} if path.endswith("caption=x") else {404}
        assert answer.status_code in expected, (method, path, answer.text)
    for path in ("/v1/profiles", "/v1/achievements", "/v1/evidence", "/v1/awards", "/v1/jobs"):
        assert (await other.get(path))["items"] == []
    assert (await school.get(f"/v1/awards/{award['id']}"))["state"] == "issued"


async def test_evidence_of_another_cannot_be_awarded_with(school: Organisation, other: Organisation) -> None:
    evidence = await other.client.post("/v1/evidence", files={"file": ("x.txt", b"hello")})
    body = {
        "achievement": (await school.achievement())["id"],
        "recipient": {"type": "emailAddress", "identity": "a@x.example"},
        "evidence": [{"evidence": evidence.json()["id"]}],
    }
    assert (await school.post("/v1/awards", body, 422))["code"] == "invalid-evidence"


async def test_bulk_changes_reach_only_ones_own(school: Organisation, other: Organisation) -> None:
    award = await school.award((await school.achievement())["id"])
    job = await other.post("/v1/awards/bulk-status", {"action": "revoke", "awards": [award["id"]]}, 202)
    done = await other.finished(job)
    assert (done["failed"], done["succeeded"]) == (1, 0)
    assert (await school.get(f"/v1/awards/{award['id']}"))["state"] == "issued"
    assert (await school.request("GET", f"/v1/jobs/{job['id']}")).status_code == 404
