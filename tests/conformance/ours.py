"""Our own judgement on a badge, with a world of documents instead of a network."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from shared.clock import utc_now
from shared.vc.contexts import ContextStore
from shared.vc.fetching import Fetch, Fetched, FetchRefused
from shared.vc.report import Report
from shared.vc.verify import Applicant, verify


def serving(documents: Mapping[str, Any]) -> Fetch:
    """A network of `documents` by URL: JSON, or a text as it is."""

    async def fetch(url: str, *, accept: str, max_bytes: int) -> Fetched:
        del accept, max_bytes
        if url not in documents:
            raise FetchRefused("unreachable", "The server could not be reached.")
        page = documents[url]
        body = page.encode() if isinstance(page, str) else json.dumps(page).encode()
        return Fetched(url, url, 200, "application/json", body, utc_now(), hashlib.sha256(body).hexdigest())

    return fetch


async def judged(
    data: bytes, documents: Mapping[str, Any] | None = None, *, applicant: Applicant | None = None
) -> Report:
    """The report under the default policy; `documents` is all that can be fetched (see `serving`)."""
    fetcher, store = serving(documents or {}), ContextStore.builtin()
    return await verify(data, fetcher=fetcher, contexts=store, now=utc_now(), applicant=applicant)
