"""Step 7: the period of validity, with a minute's allowance for clocks that disagree."""

from datetime import datetime, timedelta

from shared.vc.dates import parse_date_time, write_date_time
from shared.vc.report import Check, failed, inconclusive, passed

from .case import Case

SKEW = timedelta(seconds=60)


def check_validity(case: Case, now: datetime) -> Check:
    """Whether `now` lies in the period, which version 1.1 names issuanceDate and expirationDate."""
    document = case.shown
    start_name = "validFrom" if "validFrom" in document else "issuanceDate"
    end_name = "validUntil" if "validUntil" in document else "expirationDate"
    start = parse_date_time(document.get(start_name))
    end = parse_date_time(document.get(end_name))
    if (start is None and start_name in document) or (end is None and end_name in document):
        return inconclusive("validity.unknown", "A date of the period of validity cannot be read.")
    if start is not None and now + SKEW < start:
        reason = f"The badge is not valid before {write_date_time(start)}."
        return failed("validity.not_yet_valid", reason, f"/{start_name}")
    if end is not None and now - SKEW >= end:
        return failed("validity.expired", f"The badge expired on {write_date_time(end)}.", f"/{end_name}")
    if end is None:
        return passed("validity.current", "The badge is valid and has no date of expiry.")
    return passed("validity.current", f"The badge is valid until {write_date_time(end)}.")
