"""Who vouches for an issuer, asked of a directory as any outsider would ask it, by the verifier and `confer verify`."""

from datetime import datetime
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.http.schemas import Moment
from shared.observability.logs import get_logger
from shared.vc import strict_json
from shared.vc.errors import JsonRefused
from shared.vc.fetching import Fetch, FetchRefused, Recognition, RecognitionAnswer

_log = get_logger("shared.http.recognitions")
_MAX_BYTES = 1024 * 1024


class _Recogniser(BaseModel):
    """What is read of a recogniser; more may stand there."""

    model_config = ConfigDict(extra="ignore")
    organisation: str
    name: str
    kind: str | None = None
    url: str | None = None
    test: bool | None = None


class _Statement(BaseModel):
    """What is read of a recognition; more may stand there."""

    model_config = ConfigDict(extra="ignore")
    recogniser: _Recogniser
    issuer: str
    scope: dict[str, Any] | None = None
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    reason: str | None = None
    state: str | None = None


class _Page(BaseModel):
    model_config = ConfigDict(extra="ignore")
    items: list[_Statement] = Field(max_length=200)


class Recognitions:
    """`shared.vc`'s RecognitionLookup over one directory; a directory that is away is named, never guessed for."""

    def __init__(self, fetch: Fetch, directory_url: str) -> None:
        self._fetch = fetch
        self._directory_url = directory_url

    def url(self, issuer: str) -> str:
        """Where the statements about this issuer are."""
        return f"{self._directory_url}/v1/recognitions?issuer={quote(issuer, safe='')}&limit=200"

    async def __call__(self, issuer: str) -> RecognitionAnswer:
        """Every statement about the issuer that is not withdrawn; its period is for the policy to judge."""
        try:
            fetched = await self._fetch(self.url(issuer), accept="application/json", max_bytes=_MAX_BYTES)
            page = _Page.model_validate(strict_json.loads(fetched.body))
        except (FetchRefused, JsonRefused, ValidationError) as error:
            _log.warning("recognitions.unreachable", reason=type(error).__name__)
            return RecognitionAnswer((), (self._directory_url,))
        statements = tuple(
            self._statement(each, fetched.fetched_at)
            for each in page.items
            if each.issuer == issuer and each.state != "withdrawn"
        )
        # An old copy tells who vouched then; that the directory could not be asked now is told beside it.
        return RecognitionAnswer(statements, (self._directory_url,) if fetched.stale else ())

    def _statement(self, given: _Statement, checked_at: datetime) -> Recognition:
        return Recognition(
            recogniser=given.recogniser.model_dump(exclude_none=True),
            issuer=given.issuer,
            scope=given.scope or {},
            valid_from=given.valid_from,
            valid_until=given.valid_until,
            reason=given.reason,
            registry=self._directory_url,
            checked_at=checked_at,
        )
