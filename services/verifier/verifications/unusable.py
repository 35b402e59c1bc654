"""Reports on what never came to a verification: an item that cannot be used, a link that leads nowhere."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from shared.clock import to_rfc3339
from shared.db import new_id
from shared.vc.policy import Policy

Code = Literal[
    "format.unrecognised",
    "format.unreachable",
    "format.several_credentials",
    "format.item_refused",
    "format.too_costly",
    "format.internal_error",
]


class Unusable(Exception):
    """There is nothing to verify. `code` names why, `reason` is a sentence, `details` plain JSON for programs."""

    def __init__(self, code: Code, reason: str, **details: Any) -> None:
        super().__init__(reason)
        self.code: Code = code
        self.reason = reason
        self.details = details


def unusable_report(
    why: Unusable,
    *,
    policy: Policy,
    now: datetime,
    external_id: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A report of one check, in the shape of every other report."""
    # What has no known form is no badge; the rest may well be one, it could only not be had.
    rejected = why.code == "format.unrecognised"
    check: dict[str, Any] = {
        "check": "format",
        "outcome": "failed" if rejected else "inconclusive",
        "code": why.code,
        "reason": why.reason,
    }
    if why.details:
        check["details"] = why.details
    report: dict[str, Any] = {
        "id": new_id(),
        "verified_at": to_rfc3339(now),
        "verdict": "rejected" if rejected else "undetermined",
        "summary": f"{'Rejected' if rejected else 'Undetermined'}: {why.reason}",
        "format": "unknown",
        "container": None,
        "digest": None,
        "checks": [check],
        "credential": None,
        "recognitions": [],
        "recipient": None,
        "policy": policy.to_json(),
        "fetched": [],
    }
    if external_id is not None:
        report["external_id"] = external_id
    if metadata is not None:
        report["metadata"] = dict(metadata)
    return report
