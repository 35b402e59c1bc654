"""The mail to an organisation whose webhook was paused."""

from datetime import datetime
from urllib.parse import urlsplit

from shared.clock import to_rfc3339
from shared.mail import Message

_WHY = {
    "failing": "Nothing that was sent there was taken since {since}, for the whole time that we try.",
    "gone": "The receiver answered 410 Gone, which means that it wants nothing more.",
}
_TEXT = """\
Events of your organisation are no longer sent to a server at {host}.

{why}

Nothing is lost: what happens meanwhile is kept, and sent when the webhook goes on. When the receiver is mended,
try it with POST {place}/ping, then send
PATCH {place} with {{"state": "active"}}.
The log with the reason of each try is at {place}/deliveries.
"""


def paused(*, to: str, url: str, place: str, reason: str, since: datetime | None) -> Message:
    """Raises ValueError for an address that is none.

    Arguments: `url` is the receiver's, of which only the host is named; `place` is the webhook's own address.
    """
    why = _WHY[reason].format(since=to_rfc3339(since) if since is not None else "some time ago")
    host = urlsplit(url).hostname or "an unknown place"
    return Message(
        to=to,
        subject="A webhook of your organisation was paused",
        text=_TEXT.format(host=host, why=why, place=place),
    )
