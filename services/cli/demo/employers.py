"""The story, part four: employers verify; the issuer revokes; everybody hears of it."""

import base64
import time
from typing import Any

from services.cli.demo.stage import Stage, StepFailed, must


def _verify(stage: Stage, item: dict[str, Any]) -> dict[str, Any]:
    report: dict[str, Any] = stage.json("verifier", "POST", "/v1/verifications", json=item)
    return report


def _must_be(report: dict[str, Any], verdict: str) -> None:
    if report["verdict"] != verdict:
        troubles = [c["reason"] for c in report["checks"] if c["outcome"] in {"failed", "inconclusive"}]
        raise StepFailed(f"the verdict is {report['verdict']}: {report['summary']} {troubles}")


def employer_follows_link(stage: Stage) -> str:
    """An employer gives the verifier the link and the applicant's address: genuine, valid, hers."""
    report = _verify(
        stage,
        {
            "url": stage.facts["share"]["url"],
            "applicant": {"email": stage.facts["ada"], "name": "Ada Learner"},
        },
    )
    _must_be(report, "accepted")
    must(report["recipient"]["email"] == "matched", f"the address is {report['recipient']['email']}")
    names = [r["recogniser"]["name"] for r in report["recognitions"]]
    must(names == [stage.facts["guild"]["name"]], f"vouched for by {names}")
    levels = [result["level"] for result in report["credential"]["results"]]
    must(any("Exceeds" in str(level) for level in levels), f"the report shows the levels {levels}")
    return f"{time.monotonic() - stage.facts['awarded at']:.1f} s after the award; vouched for by {names[0]}"


def employer_gives_image(stage: Stage) -> str:
    """The baked image and the document are accepted alike; another applicant is told apart."""
    for form in ("image/png", "image/svg+xml", "application/vc"):
        answer = stage.call(
            "verifier", "POST", "/v1/verifications", content=stage.facts[form], headers={"Content-Type": form}
        )
        _must_be(answer.json(), "accepted")
    stranger = _verify(
        stage, {"url": stage.facts["share"]["url"], "applicant": {"email": "someone.else@learner.example"}}
    )
    must(stranger["recipient"]["email"] == "not_matched", f"a stranger is {stranger['recipient']['email']}")
    return "PNG, SVG, JSON"


def old_badge_after_rotation(stage: Stage) -> None:
    """The badge that the old key signed is still accepted."""
    answer = stage.call(
        "verifier", "POST", "/v1/verifications", content=stage.facts["application/vc"],
        headers={"Content-Type": "application/vc"},
    )  # fmt: skip
    _must_be(answer.json(), "accepted")


def foreign_badge_is_verified(stage: Stage) -> str:
    """A badge that no one here issued is verified as well; an altered one is rejected with its reason."""
    answer = stage.call(
        "verifier", "POST", "/v1/verifications", content=stage.facts["foreign"],
        headers={"Content-Type": "application/vc"},
    )  # fmt: skip
    report = answer.json()
    _must_be(report, "accepted")
    must(report["recognitions"] == [], "somebody vouches for an issuer that nobody knows")
    altered = stage.facts["foreign"].replace(b"Knot tying", b"Knot flying")
    rejected = _verify(stage, {"file": base64.b64encode(altered).decode()})
    _must_be(rejected, "rejected")
    return str(rejected["summary"])


def employer_sends_many(stage: Stage) -> str:
    """An employer with a token sends several at once, as one request and as a Job, under one policy."""
    token = stage.facts["guild verifier token"]
    items = [
        {"url": stage.facts["share"]["url"], "external_id": "one"},
        {"file": base64.b64encode(stage.facts["foreign"]).decode(), "external_id": "two"},
        {"credential": {"not": "a badge"}, "external_id": "three"},
    ]
    batch = {"items": items, "policy": "strict"}
    reports = stage.json("verifier", "POST", "/v1/verifications/batch", token=token, json=batch)["reports"]
    verdicts = [report["verdict"] for report in reports]
    must(verdicts[0] == "accepted" and "accepted" not in verdicts[1:], f"the verdicts are {verdicts}")
    job = stage.json(
        "verifier", "POST", "/v1/verifications/batch", token=token, json=batch, expect=202,
        headers={"Prefer": "respond-async"},
    )  # fmt: skip

    def done() -> dict[str, Any] | None:
        found: dict[str, Any] = stage.json("verifier", "GET", f"/v1/jobs/{job['id']}", token=token)
        return found if found["state"] == "completed" else None

    stage.wait_for("the job to end", done)
    rows = stage.json("verifier", "GET", f"/v1/jobs/{job['id']}/rows", token=token)["items"]
    must(
        [row["external_id"] for row in rows] == ["one", "two", "three"],
        "the rows are not those that were sent",
    )
    stage.call(
        "verifier", "GET", f"/v1/jobs/{job['id']}", token=stage.facts["school verifier token"], expect=404
    )
    return ", ".join(verdicts)


def badge_is_suspended_and_reinstated(stage: Stage) -> str:
    """The issuer suspends the badge, the verifier says so; reinstated, it is accepted again."""
    token, award = stage.facts["school issuer token"], stage.facts["award"]["id"]
    stage.call("issuer", "POST", f"/v1/awards/{award}/suspend", token=token, json={"code": "other"})
    suspended = _seconds_until(stage, "rejected")
    stage.call("issuer", "POST", f"/v1/awards/{award}/reinstate", token=token, json={})
    return f"after {suspended:.1f} s and {_seconds_until(stage, 'accepted'):.1f} s"


def badge_is_revoked(stage: Stage) -> str:
    """The issuer revokes the badge; the verifier says so within five seconds."""
    stage.call(
        "issuer", "POST", f"/v1/awards/{stage.facts['award']['id']}/revoke", token=stage.facts["school issuer token"],
        json={"code": "issued-in-error", "reason": "Awarded to the wrong course."},
    )  # fmt: skip
    seconds = _seconds_until(stage, "rejected")
    must(seconds < 5, f"it took {seconds:.1f} s")
    return f"after {seconds:.1f} s"


def _seconds_until(stage: Stage, verdict: str) -> float:
    begun = time.monotonic()

    def look() -> bool | None:
        answer = stage.call(
            "verifier", "POST", "/v1/verifications", content=stage.facts["application/vc"],
            headers={"Content-Type": "application/vc"},
        )  # fmt: skip
        return answer.json()["verdict"] == verdict or None

    stage.wait_for(f"the verdict to be {verdict}", look)
    return time.monotonic() - begun


def recognition_is_withdrawn(stage: Stage) -> None:
    """The second organisation takes back its word; the verifier no longer names it."""
    statement = stage.facts["recognition"]["id"]
    stage.call(
        "directory", "POST", f"/v1/recognitions/{statement}/withdraw", token=stage.facts["guild directory token"],
        json={"reason": "The assessor has left."},
    )  # fmt: skip

    def gone() -> bool | None:
        return (
            _verify(stage, {"credential": stage.facts["application/vc"].decode()})["recognitions"] == []
            or None
        )

    stage.wait_for("the verifier to hear of it", gone)
