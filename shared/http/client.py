"""A plain HTTP client for programs of ours that call the services from outside: the command line, the tests.

httpx is used behind `shared/http` only (ADR 0002). What services fetch goes through `shared/http/fetch`, which is fenced.
"""

import ssl
from functools import cache

import httpx

Client = httpx.Client
Response = httpx.Response
ConnectionFailed = httpx.TransportError


def open_client(base_url: str, *, token: str | None = None, seconds: float = 30.0) -> Client:
    """A client for one service; use it as a context manager, or close it.

    Args:
        base_url: the service's public URL.
        token: an access token or a session token, sent as a bearer token.
        seconds: how long to wait for each answer.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.Client(
        base_url=base_url, headers=headers, timeout=seconds, follow_redirects=False, verify=_certificates()
    )


@cache
def _certificates() -> ssl.SSLContext:
    """Read once: it takes a tenth of a second."""
    return ssl.create_default_context()
