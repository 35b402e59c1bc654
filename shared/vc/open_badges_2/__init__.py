"""Open Badges 2.0 (and 1.x, read as 2.0): assertions, badge classes and profiles, for badges from elsewhere."""

from .convert import as_open_badge
from .extensions import Extension, as_written, demands, extensions_in
from .model import check_assertion, check_badge_class, check_profile, unknown_types
from .upgrade import upgrade_assertion, upgrade_badge_class, upgrade_profile
from .verification import address_of, is_hosted, names_in, origin_problem, revocation_in

__all__ = [
    "Extension",
    "address_of",
    "as_open_badge",
    "as_written",
    "check_assertion",
    "check_badge_class",
    "check_profile",
    "demands",
    "extensions_in",
    "is_hosted",
    "names_in",
    "origin_problem",
    "revocation_in",
    "unknown_types",
    "upgrade_assertion",
    "upgrade_badge_class",
    "upgrade_profile",
]
