"""Open Badges 1.0 and 1.1 as 2.0: the same meaning under the newer names. Nothing is invented but ids that are
addresses, and what is of 2.0 already stays as it is.
"""

import re
from datetime import UTC, datetime
from typing import Any

from shared.vc.dates import parse_date_time, write_date_time
from shared.vc.strict_json import JsonObject

CONTEXT = "https://w3id.org/openbadges/v2"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NO_ZONE = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?", re.ASCII)
_ALIGNMENT = {"name": "targetName", "url": "targetUrl", "description": "targetDescription"}


def upgrade_assertion(assertion: JsonObject) -> JsonObject:
    """The assertion in the form of 2.0: `verification` for `verify`, `id` for `uid`, dates as text, an object
    for a recipient that was only a text.
    """
    made = dict(assertion)
    verify = made.pop("verify", None)
    if "verification" not in made and isinstance(verify, dict):
        kind = verify.get("type")
        made["verification"] = {"type": kind}
        if kind == "signed" and isinstance(verify.get("url"), str):
            made["verification"]["creator"] = verify["url"]
        if kind == "hosted" and "id" not in made:
            made["id"] = verify.get("url")
    uid = made.pop("uid", None)
    if "id" not in made and isinstance(uid, str):
        made["id"] = f"urn:uid:{uid}"
    if isinstance(made.get("recipient"), str):
        made["recipient"] = _recipient(made["recipient"], made.pop("salt", None))
    for name in ("issuedOn", "expires"):
        if name in made:
            made[name] = upgrade_date(made[name])
    return _with_type(made, "Assertion")


def _recipient(identity: str, salt: object) -> JsonObject:
    hashed = "$" in identity and "@" not in identity
    recipient: JsonObject = {"type": "email", "hashed": hashed, "identity": identity}
    if isinstance(salt, str):
        recipient["salt"] = salt
    return recipient


def upgrade_date(value: Any) -> Any:
    """A date of 1.x (seconds since 1970, a bare date, a time without zone) as a date-time in UTC."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return write_date_time(datetime.fromtimestamp(int(value), UTC))
        except (OverflowError, ValueError, OSError):
            return value
    if not isinstance(value, str) or parse_date_time(value) is not None:
        return value
    if _DATE.fullmatch(value) or _NO_ZONE.fullmatch(value):
        try:
            return write_date_time(datetime.fromisoformat(value).replace(tzinfo=UTC))
        except ValueError:
            return value
    return value


def upgrade_badge_class(badge: JsonObject, address: str | None = None) -> JsonObject:
    """The badge class in the form of 2.0; `address` is where it was found, its id if it states none."""
    made = _with_id(dict(badge), address)
    alignment = made.get("alignment")
    if alignment is not None:
        several = alignment if isinstance(alignment, list) else [alignment]
        made["alignment"] = [_renamed(one) if isinstance(one, dict) else one for one in several]
    return _with_type(made, "BadgeClass")


def _renamed(alignment: JsonObject) -> JsonObject:
    return {_ALIGNMENT.get(name, name): value for name, value in alignment.items()}


def upgrade_profile(profile: JsonObject, address: str | None = None) -> JsonObject:
    """The issuer's profile in the form of 2.0; `address` is where it was found, its id if it states none."""
    return _with_type(_with_id(dict(profile), address), "Issuer")


def _with_id(made: JsonObject, address: str | None) -> JsonObject:
    if "id" not in made and address is not None:
        made["id"] = address
    return made


def _with_type(made: JsonObject, kind: str) -> JsonObject:
    # 1.0 had no types, and 1.0 and 1.1 no context of 2.0.
    contexts = made.get("@context")
    if contexts is None or (
        isinstance(contexts, str) and contexts.startswith("https://w3id.org/openbadges/v1")
    ):
        made["@context"] = CONTEXT
        made.setdefault("type", kind)
    return made
