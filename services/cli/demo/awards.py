"""The story, part two: evidence, one award, many awards, and what a badge looks like."""

import secrets
import time
from typing import Any

from services.cli.demo.stage import Stage, must


def learners_are_named(stage: Stage) -> None:
    """Give this run's people addresses of their own, so that the story can be played again and again."""
    run = secrets.token_hex(4)
    stage.facts["ada"] = f"ada.{run}@learner.example"
    stage.facts["many"] = [f"learner.{number}.{run}@learner.example" for number in range(20)]


def badge_is_awarded(stage: Stage) -> str:
    """A badge is awarded to one learner, with evidence by digest and a rubric level."""
    learners_are_named(stage)
    token, achievement = stage.facts["school issuer token"], stage.facts["achievement"]
    evidence = stage.json(
        "issuer", "POST", "/v1/evidence", expect=201, token=token,
        files={"file": ("report.txt", b"The harbour's tides, 2016 to 2026: what the data say.\n", "text/plain")},
        data={"name": "The report", "visibility": "link"},
    )  # fmt: skip
    stage.facts["awarded at"] = time.monotonic()
    award = stage.json(
        "issuer", "POST", "/v1/awards", expect=201, token=token, headers={"Idempotency-Key": secrets.token_hex(16)},
        json={
            "achievement": achievement["id"],
            "recipient": {"type": "emailAddress", "identity": stage.facts["ada"], "name": "Ada Learner"},
            "subject": {
                "result": [
                    {"type": ["Result"], "resultDescription": "#analysis", "achievedLevel": "#exceeds"},
                ]
            },
            "evidence": [{"evidence": evidence["id"], "narrative": "The final report."}],
            "external_id": "enrolment-1",
        },
    )  # fmt: skip
    stage.facts["award"] = award
    return str(award["credential"])


def duplicates_are_denied(stage: Stage) -> None:
    """The same award again is refused; the same request again is answered as before."""
    token = stage.facts["school issuer token"]
    again = {
        "achievement": stage.facts["achievement"]["id"],
        "recipient": {"type": "emailAddress", "identity": stage.facts["ada"].upper()},
    }
    stage.call("issuer", "POST", "/v1/awards", token=token, json=again, expect=409)
    key = {"Idempotency-Key": secrets.token_hex(16)}
    other = {
        **again,
        "recipient": {"type": "emailAddress", "identity": f"bo.{secrets.token_hex(4)}@learner.example"},
    }
    first = stage.json("issuer", "POST", "/v1/awards", token=token, json=other, headers=key, expect=201)
    second = stage.json("issuer", "POST", "/v1/awards", token=token, json=other, headers=key, expect=201)
    must(first["id"] == second["id"], "the repeated request made a second award")


def badge_has_four_forms(stage: Stage) -> str:
    """Its address answers its issuer as JSON-LD, baked PNG, baked SVG or a page, and nobody else."""
    token, address = stage.facts["school issuer token"], stage.facts["award"]["credential"]
    path = address.removeprefix(stage.urls["issuer"])
    sizes = []
    for media_type, begin in (
        ("application/vc", b"{"),
        ("image/png", b"\x89PNG"),
        ("image/svg+xml", b"<"),
        ("text/html", b"<!"),
    ):
        answer = stage.call("issuer", "GET", path, token=token, headers={"Accept": media_type})
        must(
            answer.headers["content-type"].startswith(media_type),
            f"it came as {answer.headers['content-type']}",
        )
        must(answer.content.lstrip().startswith(begin), f"the {media_type} is none")
        stage.facts[media_type] = answer.content
        sizes.append(f"{len(answer.content)} bytes")
    stage.call("issuer", "GET", path, headers={"Accept": "application/vc"}, expect=(401, 404))
    return ", ".join(sizes)


def many_are_awarded(stage: Stage) -> str:
    """Twenty awards go in as one call; one row fails with its reason and is repaired."""
    token = stage.facts["school issuer token"]
    rows = ["email,recipient.name,external_id"]
    rows += [f"{address},Learner,row-{number}" for number, address in enumerate(stage.facts["many"])]
    rows[8] = "no address at all,Learner,row-7"
    job = stage.json(
        "issuer", "POST", "/v1/awards/bulk", expect=202, token=token, content="\n".join(rows).encode(),
        params={"achievement": stage.facts["achievement"]["id"]}, headers={"Content-Type": "text/csv"},
    )  # fmt: skip
    done = _finished(stage, "issuer", job["id"], token)
    must(
        (done["succeeded"], done["failed"]) == (19, 1),
        f"{done['succeeded']} succeeded, {done['failed']} failed",
    )
    failed = stage.json(
        "issuer", "GET", f"/v1/jobs/{job['id']}/rows", token=token, params={"state": "failed"}
    )
    row = failed["items"][0]
    must(row["index"] == 7 and row["problem"]["detail"], f"row {row['index']} failed without a reason")
    corrected = {
        "index": 7,
        "input": {
            "recipient": {"type": "emailAddress", "identity": stage.facts["many"][7]},
            "external_id": "row-7",
        },
    }
    stage.call(
        "issuer",
        "POST",
        f"/v1/jobs/{job['id']}/repair",
        token=token,
        json={"rows": [corrected]},
        expect=(200, 202),
    )
    repaired = _finished(stage, "issuer", job["id"], token)
    must((repaired["succeeded"], repaired["failed"]) == (20, 0), f"{repaired['failed']} rows still fail")
    stage.facts["bulk job"] = job["id"]
    return str(row["problem"]["title"])


def _finished(stage: Stage, service: str, job: str, token: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = stage.json(service, "GET", f"/v1/jobs/{job}", token=token)
        return found if found["state"] == "completed" else None

    return stage.wait_for("the job to end", look)


def many_are_revoked(stage: Stage) -> str:
    """The twenty are revoked in one call, and their holders are told by mail."""
    token = stage.facts["school issuer token"]
    awards = stage.json(
        "issuer", "GET", "/v1/awards", token=token, params={"job": stage.facts["bulk job"], "limit": 50}
    )
    job = stage.json(
        "issuer", "POST", "/v1/awards/bulk-status", expect=202, token=token,
        json={"action": "revoke", "awards": [award["id"] for award in awards["items"]], "code": "issued-in-error"},
    )  # fmt: skip
    done = _finished(stage, "issuer", job["id"], token)
    must(done["succeeded"] == 20, f"{done['succeeded']} of 20 succeeded")
    return f"{done['total']} rows"
