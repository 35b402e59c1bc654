"""The story, part five: the same achievement in the other formats, of one of which the learner shows only a part."""

from typing import Any

from services.cli.demo.stage import Stage, must

_FORMATS = ("ecdsa-sd-2023", "jwt-rs256", "jwt-es256")
_SELECTIVE = _FORMATS[0]
_ACHIEVEMENT = {
    "name": "Chart reading",
    "description": "Finds the way by chart and compass.",
    "criteria": {"narrative": "Three passages, one of them at night."},
}


def other_formats_are_awarded(stage: Stage) -> str:
    """The same achievement goes out as a selective badge and as RS256 and ES256 JWTs, and reaches the learner."""
    token = stage.facts["school issuer token"]
    draft = stage.json(
        "issuer", "POST", "/v1/achievements", expect=201, token=token,
        json={"profile": stage.facts["profile"]["id"], "achievement": _ACHIEVEMENT, "duplicates": "allow"},
    )  # fmt: skip
    stage.call("issuer", "POST", f"/v1/achievements/{draft['id']}/publish", token=token)
    stage.facts["formats"] = {form: _awarded(stage, draft["id"], form, token) for form in _FORMATS}
    kinds = {form: _held(stage, award)["format"] for form, award in stage.facts["formats"].items()}
    must(kinds["jwt-rs256"] == "ob3-jwt", f"the JWT is kept as {kinds['jwt-rs256']}")
    return ", ".join(_FORMATS)


def _awarded(stage: Stage, achievement: str, form: str, token: str) -> dict[str, Any]:
    award: dict[str, Any] = stage.json(
        "issuer", "POST", "/v1/awards", expect=201, token=token,
        json={
            "achievement": achievement,
            "recipient": {"type": "emailAddress", "identity": stage.facts["ada"], "name": "Ada Learner"},
            "subject": {"narrative": "She found the harbour in fog.", "role": "Navigator"},
            "proof_format": form,
        },
    )  # fmt: skip
    return award


def _held(stage: Stage, award: dict[str, Any]) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        listed = stage.json("backpack", "GET", "/v1/credentials", token=stage.facts["ada token"])["items"]
        return next((one for one in listed if one["credential"] == award["credential"]), None)

    row = stage.wait_for("the badge to reach the backpack", look)["id"]
    held: dict[str, Any] = stage.json(
        "backpack", "GET", f"/v1/credentials/{row}", token=stage.facts["ada token"]
    )
    return held


def each_is_shared_and_accepted(stage: Stage) -> str:
    """She shares each, of the selective one her role and nothing else; employers accept the links, and not its base proof."""
    token = stage.facts["ada token"]
    for form, award in stage.facts["formats"].items():
        badge = _held(stage, award)
        stage.call("backpack", "POST", f"/v1/credentials/{badge['id']}/accept", token=token)
        reveal = [claim["pointer"] for claim in badge["claims"] if claim["name"] == "Role"]
        given = {"credentials": [badge["id"]]} | ({"reveal": {badge["id"]: reveal}} if reveal else {})
        award["share"] = stage.json("backpack", "POST", "/v1/shares", expect=201, token=token, json=given)[
            "url"
        ]
        subject = _verdict(stage, {"url": award["share"]}, "accepted")["credential"]["subject"]
        must(subject["role"] == "Navigator", f"the role shown is {subject['role']}")
        kept_back = subject["narrative"] is None
        must(kept_back == (form == _SELECTIVE), f"what is kept back of {form} is wrong")
    row = _held(stage, stage.facts["formats"][_SELECTIVE])["id"]
    base = stage.call("backpack", "GET", f"/v1/credentials/{row}/file", token=token).text
    refused = _verdict(stage, {"credential": base}, "rejected")
    return str(next(check["reason"] for check in refused["checks"] if check["code"] == "proof.base"))


def each_is_revoked(stage: Stage) -> None:
    """The issuer revokes them, and each link says so."""
    for award in stage.facts["formats"].values():
        stage.call(
            "issuer", "POST", f"/v1/awards/{award['id']}/revoke", token=stage.facts["school issuer token"],
            json={"code": "issued-in-error"},
        )  # fmt: skip

        def rejected(url: str = award["share"]) -> bool | None:
            report = stage.json("verifier", "POST", "/v1/verifications", json={"url": url})
            return any(check["code"] == "status.revoked" for check in report["checks"]) or None

        stage.wait_for("the verifier to hear of it", rejected)


def _verdict(stage: Stage, item: dict[str, Any], expected: str) -> dict[str, Any]:
    report: dict[str, Any] = stage.json("verifier", "POST", "/v1/verifications", json=item)
    must(report["verdict"] == expected, f"the verdict is {report['verdict']}: {report['summary']}")
    return report
