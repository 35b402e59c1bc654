"""A badge at a URL: a file, an award's own address, or a share of a backpack."""

from typing import Any

from services.verifier.verifications.unusable import Unusable
from shared.http.fetch import Fetcher
from shared.vc import strict_json
from shared.vc.errors import JsonRefused
from shared.vc.fetching import FetchRefused
from shared.vc.verify import Limits

MAX_CREDENTIAL_BYTES = Limits().input_bytes
_ACCEPT = (
    "application/vc, application/vc+jwt, application/vc+sd-jwt, application/vc+ld+json;q=0.9, application/ld+json;q=0.9,"
    " application/json;q=0.8, application/jwt;q=0.8, image/png;q=0.6, image/svg+xml;q=0.6, text/plain;q=0.4,"
    " application/octet-stream;q=0.3"
)
_SHOWN = 20


async def fetch_badge(fetcher: Fetcher, url: str) -> bytes:
    """The file behind `url`. Never cached: who looks at which badge is nobody's business.

    Raises Unusable: nothing could be had, it is no badge's media type, or it is several badges.
    """
    try:
        fetched = await fetcher.get(url, accept=_ACCEPT, max_bytes=MAX_CREDENTIAL_BYTES)
    except FetchRefused as refused:
        raise _unreachable(refused) from refused
    links = _several(fetched.body)
    if links is not None:
        listed = ", ".join(links[:_SHOWN]) if links else "open the link to see them"
        raise Unusable(
            "format.several_credentials",
            f"This link shares {len(links) or 'several'} badges; verify them one at a time: {listed}.",
            urls=links,
        )
    return fetched.body


def _unreachable(refused: FetchRefused) -> Unusable:
    if refused.code == "wrong_type":
        reason = "Behind the link is something else than a badge, perhaps a page. Download the badge and give the file."
    elif refused.status in {404, 410}:
        reason = "There is nothing behind the link: it is wrong, has expired or was closed."
    else:
        reason = f"The badge could not be fetched: {refused.reason}"
    return Unusable("format.unreachable", reason, problem=refused.code)


def _several(body: bytes) -> list[str] | None:
    """The addresses in a share of several credentials; None if this is anything else."""
    if not body.lstrip().startswith(b"{"):
        return None
    try:
        value: Any = strict_json.loads(body)
    except JsonRefused:
        return None  # the verification says what is wrong with it
    if not isinstance(value, dict) or "@context" in value or "credentialSubject" in value:
        return None
    credentials = value.get("credentials")
    if not isinstance(credentials, list):
        return None
    return [
        each["url"] for each in credentials if isinstance(each, dict) and isinstance(each.get("url"), str)
    ]
