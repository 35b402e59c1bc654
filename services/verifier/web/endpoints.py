"""The pages: a form without script, and the report it leads to."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response

from services.verifier.context import Current
from services.verifier.verifications.endpoints import MAX_ITEM_BYTES, item_from_form
from services.verifier.verifications.sources import MAX_CREDENTIAL_BYTES
from shared.http.access import public
from shared.http.body import body_limit
from shared.http.problems import Problem
from shared.http.routing import Router
from shared.vc.dates import parse_date_time
from shared.vc.policy import BUILT_IN
from shared.web import Pages, error_page
from shared.web.pages import moment

router = Router(include_in_schema=False, dependencies=[public], errors=error_page)
_pages = Pages("services.verifier.web", title="Confer verifier")


def _moment(text: str) -> str:
    """A date-time of the report for people; what a badge calls a date and is none, as it stands."""
    at = parse_date_time(text)
    return text if at is None else moment(at)


_pages.environment.filters["moment"] = _moment

_FIELDS = ("url", "credential", "applicant_email", "applicant_name", "applicant_did", "policy")
_WORDS: Mapping[str, Mapping[str, Any]] = {
    "names": {
        "/url": "Link",
        "/file": "File",
        "/credential": "Text",
        "/applicant/email": "E-mail address",
        "/applicant/name": "Name",
        "/applicant/did": "DID",
        "/policy": "Policy",
    },
    "signs": {"passed": "✓", "failed": "✗", "inconclusive": "?", "skipped": "–"},
    "outcomes": {"passed": "Passed", "failed": "Failed", "inconclusive": "Open", "skipped": "Not checked"},
    "matches": {
        "matched": "Matches the badge.",
        "not_matched": "Does not match: the badge was given to somebody else.",
        "cannot_tell": "Cannot be told: the badge does not say enough.",
    },
    "kinds": {
        "format": "Form",
        "context": "Vocabulary",
        "model": "Structure",
        "schema": "Issuer's schema",
        "subject": "Whom it is about",
        "proof": "Signature",
        "key": "Issuer's key",
        "status": "Revocation",
        "validity": "Dates",
        "recognition": "Recognition",
        "recipient": "Applicant",
        "endorsement": "Endorsement",
        "refresh": "Newer version",
        "policy": "Policy",
    },
}
_VERDICTS = {
    "accepted": {"sign": "✓", "title": "The badge is accepted", "look": "accepted"},
    "rejected": {"sign": "✗", "title": "The badge is rejected", "look": "rejected"},
    "undetermined": {"sign": "?", "title": "It cannot be decided", "look": "undetermined"},
}
_SOMEBODY_ELSES = {
    "sign": "!",
    "title": "The badge is accepted, but it is not this applicant's",
    "look": "undetermined",
}


@router.get("/")
async def verify_page(request: Request) -> Response:
    """The form."""
    return _form(request, {})


@router.post("/")
@body_limit(MAX_ITEM_BYTES)
async def report_page(request: Request, service: Current) -> Response:
    """The report, or the form again with what to correct. Not signed in, so there is nothing a forged form could gain."""
    headers = await service.check_limit(request)
    async with request.form(max_files=1, max_fields=20, max_part_size=MAX_CREDENTIAL_BYTES) as form:
        given = {name: value for name in _FIELDS if isinstance(value := form.get(name), str)}
        try:
            report = json.loads(await service.verifications.one(None, await item_from_form(form)))
        except Problem as problem:
            return _form(request, given, problem)
    values = {
        "report": report,
        "verdict": _verdict(report),
        "demonstration": _is_demonstration(report["credential"]),
        **_WORDS,
    }
    return _pages.page(request, "report.html", values, headers=headers)


def _verdict(report: Mapping[str, Any]) -> Mapping[str, str]:
    """The verdict in words. A genuine badge of somebody else must not look like a yes to an employer in a hurry."""
    if report["verdict"] == "accepted" and "not_matched" in (report["recipient"] or {}).values():
        return _SOMEBODY_ELSES
    return _VERDICTS[report["verdict"]]


def _is_demonstration(badge: Mapping[str, Any] | None) -> bool:
    """Whether the issuer can be found from one machine only."""
    issuer = str((badge or {}).get("issuer", {}).get("id") if (badge or {}).get("issuer") else "")
    return issuer.startswith(("did:web:localhost", "http://localhost"))


def _form(request: Request, given: Mapping[str, str], problem: Problem | None = None) -> Response:
    values = {
        "given": dict.fromkeys(_FIELDS, "") | dict(given),
        "policies": list(BUILT_IN),
        "problem": problem,
        **_WORDS,
    }
    return _pages.page(request, "verify.html", values, status=problem.status_code if problem else 200)
