"""The one way out, behind a fence (decision 18). httpx is used in this module and nowhere else.

A URL from a stranger may point into our own network, answer for ever, or unpack to gigabytes. So: https and public addresses
only, checked after DNS and pinned for the connection; every redirect checked anew; one deadline for everything; bodies
counted after decompression, which is done in bounded steps. No cookies, no credentials, no proxy, no connection reuse.
"""

import asyncio
import functools
import hashlib
import re
import socket
import ssl
import warnings
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import certifi

from shared.clock import Clock, utc_now
from shared.http import addresses
from shared.http.fetch_answers import STEP, FetchError, read_body
from shared.http.negotiation import negotiate_or_none
from shared.observability.context import current_traceparent
from shared.observability.logs import get_logger
from shared.vc.fetching import Fetched

with warnings.catch_warnings():
    # httpx's last release is of 2024 and newer parts warn about it by name (ADR 0002).
    warnings.filterwarnings("ignore", message=".*httpx.*", category=DeprecationWarning)
    import httpx

__all__ = ["FetchError", "Fetcher", "Posted", "Resolve"]
_log = get_logger("shared.http.fetch")
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to the addresses DNS gives for them; raises OSError if there are none."""

MAX_URL = 2_048
MAX_REDIRECTS = 3
_MAX_ADDRESSES = 20
_TRIED_ADDRESSES = 3
_OVERHEAR_SECONDS = 1.0
_NAME = re.compile(r"(?=.{1,254}$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
# Threads of their own: names whose servers never answer must not hold up what else needs a thread (passwords).
_resolvers = ThreadPoolExecutor(16, thread_name_prefix="resolve")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True)
class Posted:
    """How a server answered to a POST."""

    status: int
    retry_after: str | None
    """The header of that name, as it came."""


@dataclass(frozen=True)
class _Sent:
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class _Target:
    """Where one request goes: the URL as asked, and what is connected to for it."""

    url: httpx.URL
    addresses: tuple[str, ...]
    connect: httpx.URL
    """Scheme, port and path of the connection; the host is filled in with each address."""


class Fetcher:
    """Fetches what strangers name. One per process; `close` when done.

    Arguments: `allow_loopback` (embedded profile) allows `localhost` and literal loopback addresses, with http;
    `peers` maps public origins to inside base URLs (`CONFER_PEERS`): those are trusted by configuration, Host and TLS name
    stay the public ones. `cafile` adds a certificate authority. `resolve` is DNS.
    """

    def __init__(
        self,
        *,
        allow_loopback: bool = False,
        peers: Mapping[str, str] | None = None,
        clock: Clock = utc_now,
        resolve: Resolve | None = None,
        cafile: str | None = None,
        max_concurrency: int = 32,
        agent: str = "Confer/0.1",
    ) -> None:
        self._allow_loopback = allow_loopback
        self._peers = {
            _origin(httpx.URL(public)): httpx.URL(inside) for public, inside in (peers or {}).items()
        }
        self._clock = clock
        self._resolve = resolve or _system_resolve
        self._agent = agent
        self._turns = asyncio.Semaphore(max_concurrency)
        # A kept connection would be reused by address, whatever name its certificate was checked for.
        self._transport = httpx.AsyncHTTPTransport(
            verify=_tls(cafile), trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
        )

    async def close(self) -> None:
        await self._transport.aclose()

    async def __call__(self, url: str, *, accept: str, max_bytes: int) -> Fetched:
        """`shared.vc`'s Fetch: as `get`, ten seconds at most."""
        return await self.get(url, accept=accept, max_bytes=max_bytes)

    async def get(self, url: str, *, accept: str = "*/*", max_bytes: int, timeout: float = 10.0) -> Fetched:  # noqa: ASYNC109  (one deadline for all redirects)
        """What is at `url`, fetched now.

        Arguments: `accept` is sent and enforced (a range of `*/*` takes anything); `max_bytes` counts the decoded body;
        `timeout` is for everything together, in seconds, waiting for a turn included. Raises FetchError.
        """
        try:
            async with asyncio.timeout(timeout), self._turns:
                return await self._follow(url, accept, max_bytes)
        except TimeoutError as error:
            raise FetchError(
                "too_slow", f"There was no complete answer within {timeout:g} seconds."
            ) from error

    async def post(self, url: str, body: bytes, *, headers: Mapping[str, str], timeout: float) -> Posted:  # noqa: ASYNC109  (as in `get`)
        """Send `body` there, once, and say how it was answered, whatever the status; redirects are not followed.

        What the server says beyond its headers is not kept: a little is read, so that a polite server can finish its sentence.
        Raises FetchError.
        """
        try:
            async with asyncio.timeout(timeout), self._turns:
                response = await self._send(await self._target(_parse(url)), "*/*", _Sent(body, headers))
        except TimeoutError as error:
            raise FetchError("too_slow", f"There was no answer within {timeout:g} seconds.") from error
        try:
            await _overhear(response)
        finally:
            await response.aclose()
        return Posted(response.status_code, response.headers.get("retry-after"))

    def refusal(self, url: str) -> FetchError | None:
        """Why nothing will ever be sent to this URL, as far as can be told without asking DNS."""
        try:
            parsed = _parse(url)
            local = self._checked(parsed)
            literal = addresses.parse(parsed.host)
            if literal is not None:
                _check_address(literal, local=local)
        except FetchError as error:
            return error
        return None

    async def _follow(self, url: str, accept: str, max_bytes: int) -> Fetched:
        begun = self._clock()
        current = _parse(url)
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._send(await self._target(current), accept)
            try:
                location = response.headers.get("location")
                if response.status_code in _REDIRECTS and location is not None:
                    current = _redirected(current, location)
                    continue
                return await self._accepted(url, current, response, accept, max_bytes, begun)
            except httpx.HTTPError as error:
                raise _network_error(error) from error
            finally:
                await response.aclose()
        raise FetchError("too_many_redirects", f"There were more than {MAX_REDIRECTS} redirects.")

    async def _accepted(
        self,
        url: str,
        final: httpx.URL,
        response: httpx.Response,
        accept: str,
        max_bytes: int,
        begun: datetime,
    ) -> Fetched:
        if not 200 <= response.status_code < 300:
            status = response.status_code
            raise FetchError("http_status", f"The server answered with status {status}.", status=status)
        media_type = _media_type(response)
        if media_type and negotiate_or_none(accept, [media_type]) is None:
            raise FetchError("wrong_type", f"The server answered with {media_type}, wanted was {accept}.")
        body = await read_body(response, max_bytes)
        digest = hashlib.sha256(body).hexdigest()
        return Fetched(url, str(final), response.status_code, media_type, body, begun, digest)

    async def _target(self, url: httpx.URL) -> _Target:
        """Check where a URL leads. Raises FetchError unless every address behind it may be fetched from."""
        inside = self._peers.get(_origin(url))
        if inside is not None:
            path = inside.raw_path.rstrip(b"/") + url.raw_path
            return _Target(url, (inside.host,), inside.copy_with(raw_path=path))
        local = self._checked(url)
        found = await self._addresses(url.host, _port(url))
        for address in found:
            _check_address(address, local=local)
        return _Target(url, tuple(str(address) for address in found[:_TRIED_ADDRESSES]), url)

    def _checked(self, url: httpx.URL) -> bool:
        """Whether the URL may lead to this machine. Raises FetchError for a scheme or port that nothing is fetched from."""
        local = self._allow_loopback and _is_local_name(url.host)
        if url.scheme != "https" and not local:
            raise FetchError("not_https", "Only https URLs are fetched.")
        port = _port(url)
        if port not in {80, 443} and port < 1024:
            raise FetchError("port_not_allowed", f"Port {port} is not one that web servers use.")
        return local

    async def _addresses(self, host: str, port: int) -> Sequence[addresses.Address]:
        literal = addresses.parse(host)
        if literal is not None:
            return [literal]
        try:
            texts = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise FetchError("unresolvable", "The host's name could not be resolved.") from error
        found = [addresses.parse(text) for text in dict.fromkeys(texts)]
        known = [address for address in found if address is not None]
        if not known or len(known) != len(found) or len(known) > _MAX_ADDRESSES:
            raise FetchError("unresolvable", "The host's name could not be resolved.")
        return known

    async def _send(self, target: _Target, accept: str, sent: _Sent | None = None) -> httpx.Response:
        """The answer's head, from the first address that takes the connection."""
        failure: FetchError | None = None
        for address in target.addresses:
            try:
                request = self._request(target, address, accept, sent)
                return await self._transport.handle_async_request(request)
            except httpx.ConnectError as error:
                failure = _network_error(error)
            except httpx.HTTPError as error:
                raise _network_error(error) from error
        assert failure is not None  # there is at least one address
        raise failure

    def _request(self, target: _Target, address: str, accept: str, sent: _Sent | None) -> httpx.Request:
        headers = {
            "Host": target.url.netloc.decode("ascii"),
            "Accept": accept,
            "Accept-Encoding": "gzip",
            "User-Agent": self._agent,
            "Connection": "close",
        }
        traceparent = current_traceparent()
        if traceparent and target.connect is not target.url:  # among ourselves only
            headers["traceparent"] = traceparent
        # The certificate is checked against the public name, whatever address is connected to.
        extensions = {"sni_hostname": target.url.host}
        where = target.connect.copy_with(host=address)
        if sent is None:
            return httpx.Request("GET", where, headers=headers, extensions=extensions)
        headers |= sent.headers
        return httpx.Request("POST", where, headers=headers, content=sent.body, extensions=extensions)


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _check_address(address: addresses.Address, *, local: bool) -> None:
    if not (addresses.is_public(address) or (local and addresses.is_loopback(address))):
        # Which address it was is not told: that would let strangers map our network's names.
        raise FetchError("not_public_address", "The host is not on the public Internet.")


async def _overhear(response: httpx.Response) -> None:
    """Read a few kilobytes of an answer that nobody needs, for a second at most; how it ends changes nothing."""
    heard = 0
    try:
        async with asyncio.timeout(_OVERHEAR_SECONDS):
            async for part in response.aiter_raw():
                heard += len(part)
                if heard > STEP:
                    return
    except (TimeoutError, httpx.HTTPError):
        return


@functools.cache
def _tls(cafile: str | None) -> ssl.SSLContext:
    """Mozilla's authorities, the system's, and one of one's own; made once, since reading them takes a tenth of a second."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()
    if cafile is not None:
        context.load_verify_locations(cafile)
    return context


def _parse(url: str) -> httpx.URL:
    if (
        len(url) > MAX_URL
        or not url.isascii()
        or any(character <= " " or character == "\x7f" for character in url)
    ):
        raise FetchError("bad_url", "This is not a URL that can be fetched.")
    try:
        parsed = httpx.URL(url)
        host = parsed.host
    except (httpx.InvalidURL, ValueError) as error:
        raise FetchError("bad_url", "This is not a URL that can be fetched.") from error
    if not host or not parsed.scheme or not (_NAME.fullmatch(host) or addresses.parse(host)):
        raise FetchError("bad_url", "This is not a URL that can be fetched.")
    if parsed.scheme not in {"http", "https"}:
        raise FetchError("not_https", "Only https URLs are fetched.")
    if parsed.port is not None and not 0 < parsed.port < 65_536:
        raise FetchError("bad_url", "This is not a URL that can be fetched.")
    if parsed.userinfo:
        raise FetchError("bad_url", "A URL with a user name or password is not fetched.")
    return parsed.copy_with(fragment=None)


def _redirected(current: httpx.URL, location: str) -> httpx.URL:
    try:
        joined = str(current.join(location))
    except (httpx.InvalidURL, ValueError) as error:
        raise FetchError("bad_response", "The server redirected to something that is no URL.") from error
    return _parse(joined)


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)


def _is_local_name(host: str) -> bool:
    """This machine by a name that cannot mean anything else: other names that lead here are an attack."""
    name = host.rstrip(".").lower()
    literal = addresses.parse(host)
    return name == "localhost" or name.endswith(".localhost") or (literal is not None and literal.is_loopback)


async def _system_resolve(host: str, port: int) -> Sequence[str]:
    look_up = functools.partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(_resolvers, look_up)
    return [str(entry[4][0]) for entry in found]


def _network_error(error: httpx.HTTPError) -> FetchError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return FetchError("bad_certificate", "No trusted TLS connection to the server could be made.")
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.TimeoutException):
        return FetchError("too_slow", "The server took too long.")
    if isinstance(error, httpx.NetworkError):
        return FetchError("unreachable", "The server could not be reached.")
    return FetchError("bad_response", "The server did not answer as HTTP says.")


def _media_type(response: httpx.Response) -> str:
    text = str(response.headers.get("content-type", "")).partition(";")[0].strip().lower()
    return text if "/" in text and len(text) <= 100 and text.isascii() else ""
