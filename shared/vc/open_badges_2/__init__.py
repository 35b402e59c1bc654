"""Open Badges 2.0 (and 1.x, read as 2.0): assertions, badge classes and profiles, for badges from elsewhere."""

from .convert import as_open_badge
from .model import check_assertion, check_badge_class, check_profile
from .upgrade import upgrade_assertion, upgrade_badge_class, upgrade_profile
from .verification import address_of, is_hosted, names_in, origin_problem, revocation_in

__all__ = [
    "address_of",
    "as_open_badge",
    "check_assertion",
    "check_badge_class",
    "check_profile",
    "is_hosted",
    "names_in",
    "origin_problem",
    "revocation_in",
    "upgrade_assertion",
    "upgrade_badge_class",
    "upgrade_profile",
]
