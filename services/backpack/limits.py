"""How often what may be done; counted in the database, so shared by all replicas."""

from datetime import timedelta

from services.backpack.tables import rate_limit
from shared.db import Database
from shared.http.ratelimit import RateLimit

_HOUR = timedelta(hours=1)
_QUARTER = timedelta(minutes=15)


class Limit:
    """One limit, counted in this service's table. Its subjects are ids, hashes or network addresses, kept as digests."""

    def __init__(self, name: str, count: int, per: timedelta) -> None:
        self._limit = RateLimit(name, count, per)

    async def check(self, db: Database, subject: str) -> None:
        """Count one use. Raises TooManyRequests with the seconds to wait."""
        await self._limit.check(db, rate_limit, subject)


class Limits:
    """Everything that is limited, beyond the size of a body."""

    def __init__(self) -> None:
        # Per network address: a class signs up from one.
        self.sign_up = Limit("sign-up", 60, _HOUR)
        # Per login, so that a password cannot be guessed from many places.
        self.sign_in = Limit("sign-in", 10, _QUARTER)
        # Per network address, so that many logins and tokens cannot be tried from one place.
        self.sign_in_from = Limit("sign-in-from", 120, _QUARTER)
        # Per mailbox: confirmations and resets together.
        self.mail = Limit("mail", 6, _HOUR)
        # Per learner: mails that one account makes us send.
        self.mail_by = Limit("mail-by", 20, _HOUR)
        # Per learner: each costs a verification and perhaps several fetches.
        self.imports = Limit("imports", 300, _HOUR)
        # Per learner: verifying held badges anew on demand.
        self.checks = Limit("checks", 60, _HOUR)
