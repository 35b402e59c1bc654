"""What comes back when something is fetched: a body, counted while it is unpacked, or the reason why there is none."""

import zlib
from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from shared.vc.fetching import FetchRefused

STEP = 64 * 1024


class Response(Protocol):
    """An answer whose body was not read yet."""

    @property
    def headers(self) -> Mapping[str, str]: ...

    def aiter_raw(self) -> AsyncIterator[bytes]: ...


class FetchError(FetchRefused):
    """Nothing was fetched. `code` is one of a closed list, `reason` a sentence, `status` the HTTP status if any.

    Codes: bad_url, not_https, not_public_address, port_not_allowed, unresolvable, unreachable, bad_certificate, too_slow,
    too_large, too_many_redirects, wrong_type, bad_encoding, bad_response, http_status.
    """

    @property
    def temporary(self) -> bool:
        """Whether the same request may succeed later: an answer fetched before may stand in meanwhile."""
        if self.code == "http_status":
            return self.status is not None and (self.status >= 500 or self.status in {408, 425, 429})
        return self.code in {"unresolvable", "unreachable", "bad_certificate", "too_slow", "bad_response"}


async def read_body(response: Response, max_bytes: int) -> bytes:
    """The decoded body. Raises FetchError above `max_bytes`, having unpacked no more than that."""
    declared = response.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > max_bytes:
        raise _too_large(max_bytes)
    body = bytearray()
    async for part in _decoded(response, max_bytes):
        body += part
        if len(body) > max_bytes:
            raise _too_large(max_bytes)
    return bytes(body)


async def _decoded(response: Response, max_bytes: int) -> AsyncIterator[bytes]:
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in {"", "identity"}:
        async for part in response.aiter_raw():
            yield part
        return
    if encoding not in {"gzip", "x-gzip"}:
        raise FetchError("bad_encoding", "The server answered in an encoding that was not asked for.")
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    received = 0
    async for part in response.aiter_raw():
        received += len(part)
        if received > max_bytes + STEP:  # gzip does not make things larger by much
            raise _too_large(max_bytes)
        packed = part
        while packed and not unpacker.eof:
            try:
                yield unpacker.decompress(packed, STEP)
            except zlib.error as error:
                raise FetchError("bad_encoding", "The server's gzip cannot be unpacked.") from error
            packed = unpacker.unconsumed_tail
    if not unpacker.eof:
        raise FetchError("bad_encoding", "The server's gzip ends too early.")


def _too_large(max_bytes: int) -> FetchError:
    return FetchError("too_large", f"The answer is larger than {max_bytes} bytes.")
