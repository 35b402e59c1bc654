"""What every refusal of ours looks like, and what must never be in one."""

import re
from typing import Any

from shared.http.client import Client, Response, open_client

_INTERNALS = re.compile(
    r"Traceback|\bFile \"|\.py\b|sqlalchemy|sqlite|asyncpg|aiokafka|pydantic|starlette|fastapi|uvicorn|site-packages"
    r"|\b(SELECT|INSERT|UPDATE|DELETE)\b .*\b(FROM|INTO|SET)\b|\bservices\.|\bshared\.|<class|object at 0x|/home/|/root/|/tmp/|/usr/"
    r"|\b[A-Z][a-zA-Z]+(Error|Exception)\b",
)
"""What a stranger has no business to read: paths, libraries, statements, classes."""


class Refusals:
    """Judges the answers of one service against its own closed list of codes."""

    def __init__(self, url: str) -> None:
        with open_client(url) as client:
            listed: list[dict[str, Any]] = client.get("/problems").json()["problems"]
        self._url = url
        self.statuses = {each["code"]: each["status"] for each in listed}

    def check(self, answer: Response, *expected: int, sent: str = "") -> dict[str, Any]:
        """The problem in an answer that must be one, of one of these statuses (any below 500 if none is named)."""
        where = f"{answer.request.method} {answer.request.url.path} {sent[:200]}: {answer.status_code} {answer.text[:600]}"
        assert answer.status_code in expected if expected else 400 <= answer.status_code < 500, where
        assert answer.headers["content-type"] == "application/problem+json", where
        problem: dict[str, Any] = answer.json()
        assert self.statuses.get(problem["code"]) == answer.status_code == problem["status"], where
        assert problem["type"] == f"{self._url}/problems/{problem['code']}", where
        assert problem["request_id"] == answer.headers["x-request-id"], where
        assert len(problem["detail"]) > 10, where
        assert problem["title"], where
        assert not internals(answer.text), f"{where} shows {internals(answer.text)}"
        return problem


def internals(text: str) -> str | None:
    """What of our insides is to be seen in a text."""
    found = _INTERNALS.search(text)
    return found[0] if found else None


def anyone(url: str, token: str | None = None) -> Client:
    """A client without patience: an answer to nonsense is quick."""
    return open_client(url, token=token, seconds=20)
