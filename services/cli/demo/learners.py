"""The story, part three: a learner without an account hears of her badge, takes it, imports another, and shares."""

import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from services.cli.demo.stage import Stage, must


def learner_gets_mail(stage: Stage) -> None:
    """The learner, who has no account, gets a mail from the backpack."""
    letter = stage.wait_for(
        "the invitation", lambda: next(iter(stage.letters(stage.facts["ada"], "sign-up")), None)
    )
    must(
        "Data Analysis I" in str(letter["Subject"]) + str(letter.get_content()),
        "the mail does not name the badge",
    )


def learner_signs_up(stage: Stage) -> str:
    """She signs up, confirms her address from the mail, and finds the badge waiting."""
    signed = stage.json(
        "backpack", "POST", "/v1/learners", expect=201,
        json={
            "login": f"ada-{secrets.token_hex(4)}",
            "password": secrets.token_urlsafe(18),
            "name": "Ada Learner",
            "email": stage.facts["ada"],
        },
    )  # fmt: skip
    stage.facts["ada token"] = signed["token"]
    letter = stage.wait_for("the confirmation mail", lambda: _with_token(stage, stage.facts["ada"]))
    confirmed = stage.json("backpack", "POST", "/v1/identifiers/confirm", json={"token": letter})
    must(confirmed["offered"] == 1, f"{confirmed['offered']} badges were waiting")
    held = _held(stage)
    must(len(held) == 1 and held[0]["state"] == "offered", f"she finds {[h['state'] for h in held]}")
    stage.facts["held"] = held[0]
    return str(held[0]["name"])


def _with_token(stage: Stage, address: str) -> str | None:
    for letter in stage.letters(address, "token="):
        body = letter.get_body(("plain",))
        found = re.search(r"token=([\w-]+)", body.get_content() if body else "")
        if found:
            return found[1]
    return None


def _held(stage: Stage) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = stage.json(
        "backpack", "GET", "/v1/credentials", token=stage.facts["ada token"]
    )["items"]
    return items


def learner_accepts(stage: Stage) -> str:
    """She accepts it; the issuer hears of that."""
    row = stage.facts["held"]["id"]
    accepted = stage.json("backpack", "POST", f"/v1/credentials/{row}/accept", token=stage.facts["ada token"])
    must(accepted["state"] == "accepted", f"it is {accepted['state']}")

    def heard() -> str | None:
        award = stage.json(
            "issuer",
            "GET",
            f"/v1/awards/{stage.facts['award']['id']}",
            token=stage.facts["school issuer token"],
        )
        return award["delivery"] if award["delivery"] == "accepted" else None

    return "delivery: " + stage.wait_for("the issuer to hear of it", heard)


def foreign_badge_is_imported(stage: Stage) -> str:
    """A badge from elsewhere is imported, and kept byte for byte; an altered copy is refused."""
    text = _foreign_badge(stage.facts["ada"])
    token = stage.facts["ada token"]
    imported = stage.json(
        "backpack", "POST", "/v1/imports", expect=201, token=token, content=text,
        headers={"Content-Type": "application/vc"},
    )  # fmt: skip
    row = imported["credential"]["id"]
    given = stage.call("backpack", "GET", f"/v1/credentials/{row}/given", token=token)
    must(given.content == text, "what is kept is not what was given")
    altered = text.replace(b"Knot tying", b"Knot flying")
    refused = stage.json(
        "backpack", "POST", "/v1/imports", expect=(409, 422), token=token, content=altered,
        headers={"Content-Type": "application/vc"},
    )  # fmt: skip
    stage.facts["foreign"] = text
    return f"{imported['report']['verdict']}; altered: {refused['title']}"


def _foreign_badge(recipient: str) -> bytes:
    """A badge of an issuer that nobody here knows: signed under a did:key of its own."""
    from shared.clock import to_rfc3339, utc_now
    from shared.vc import multikey, strict_json
    from shared.vc.keys import SigningKey
    from shared.vc.proofs import data_integrity

    key = SigningKey.generate()
    name = multikey.encode(key.public)
    did = f"did:key:{name}"
    document = {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        ],
        "id": f"urn:uuid:{_uuid()}",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": "Knot tying",
        "issuer": {"id": did, "type": ["Profile"], "name": "The rowing club next door"},
        "validFrom": to_rfc3339(utc_now()),
        "credentialSubject": {
            "type": ["AchievementSubject"],
            "identifier": [
                {
                    "type": "IdentityObject",
                    "hashed": False,
                    "identityHash": recipient,
                    "identityType": "emailAddress",
                }
            ],
            "achievement": {
                "id": f"urn:uuid:{_uuid()}",
                "type": ["Achievement"],
                "name": "Knot tying",
                "description": "Ties ten knots blindfolded.",
                "criteria": {"narrative": "Ten knots in ten minutes."},
            },
        },
    }
    signed = data_integrity.sign(document, key=key, verification_method=f"{did}#{name}", created=utc_now())
    return strict_json.dumps(signed)


def _uuid() -> str:
    from uuid import uuid4

    return str(uuid4())


def learner_shares(stage: Stage) -> str:
    """She opens a link for an employer, which expires in a month and can be closed before."""
    until = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    share = stage.json(
        "backpack", "POST", "/v1/shares", expect=201, token=stage.facts["ada token"],
        json={"credentials": [stage.facts["held"]["id"]], "title": "For my application", "expires_at": until},
    )  # fmt: skip
    stage.facts["share"] = share
    path = share["url"].removeprefix(stage.urls["backpack"])
    page = stage.call("backpack", "GET", path, headers={"Accept": "text/html"}).text
    must("Data Analysis I" in page, "the page does not show the badge")
    return str(share["url"])


def backpack_shows_revocation(stage: Stage) -> None:
    """The backpack shows it as revoked, with the issuer's words for the holder."""
    row = stage.facts["held"]["id"]

    def revoked() -> dict[str, Any] | None:
        held: dict[str, Any] = stage.json(
            "backpack", "GET", f"/v1/credentials/{row}", token=stage.facts["ada token"]
        )
        return held["status"] if held["status"]["status"] == "revoked" else None

    status = stage.wait_for("the backpack to show it", revoked)
    must(status["reason"] == "Awarded to the wrong course.", f"the reason shown is {status['reason']!r}")


def share_is_closed(stage: Stage) -> str:
    """She looks at who looked, closes the link, and it is gone."""
    token, share = stage.facts["ada token"], stage.facts["share"]
    views = stage.json("backpack", "GET", f"/v1/shares/{share['id']}/views", token=token)
    must(views["total"] >= 1, "nobody is in the log of views")
    stage.call("backpack", "POST", f"/v1/shares/{share['id']}/close", token=token)
    stage.call("backpack", "GET", share["url"].removeprefix(stage.urls["backpack"]), expect=410)
    return f"{views['total']} views"
