"""What strangers' URLs and servers can do to us: nothing, within a deadline, in bounded memory."""

import asyncio
import ipaddress
import json
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest

from shared.http import addresses
from shared.http.fetch import Fetcher, FetchError
from tests.harness.certificates import NAME
from tests.hostile.fetch.conftest import Secure

pytestmark = pytest.mark.anyio
KIB, MIB = 1024, 1024 * 1024


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    """As in the embedded profile: loopback allowed."""
    made = Fetcher(allow_loopback=True)
    yield made
    await made.close()


def resolving(*texts: str) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    async def resolve(_: str, __: int) -> Sequence[str]:
        return texts

    return resolve


async def refusal(
    fetcher: Fetcher, url: str, *, accept: str = "*/*", max_bytes: int = 64 * KIB, timeout: float = 5
) -> str:
    with pytest.raises(FetchError) as caught:
        await fetcher.get(url, accept=accept, max_bytes=max_bytes, timeout=timeout)
    assert caught.value.reason.endswith(".")
    return caught.value.code


PRIVATE = [
    "0.0.0.0", "10.0.0.1", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.1.2.3", "169.254.169.254",
    "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1",
    "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808",
    "64:ff9b:1::1", "100::1", "2001::1", "2001:0:4136:e378::1", "2001:10::1", "2001:20::1", "2001:db8::1",
    "2002:7f00:1::1", "2002:808:808::1", "3fff::1", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1",
]  # fmt: skip


@pytest.mark.parametrize("text", PRIVATE)
async def test_addresses_that_are_not_public(text: str) -> None:
    assert not addresses.is_public(ipaddress.ip_address(text))
    fetcher = Fetcher(resolve=resolving(text))
    assert await refusal(fetcher, "https://innocent.example.com/") == "not_public_address"
    literal = f"[{text}]" if ":" in text else text
    assert await refusal(Fetcher(), f"https://{literal}/") == "not_public_address"


@pytest.mark.parametrize(
    "text", ["8.8.8.8", "93.184.216.34", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"]
)
def test_addresses_that_are_public(text: str) -> None:
    assert addresses.is_public(ipaddress.ip_address(text))


async def test_one_private_address_among_public_ones_is_enough() -> None:
    fetcher = Fetcher(resolve=resolving("8.8.8.8", "10.0.0.1"))
    assert await refusal(fetcher, "https://mixed.example.com/") == "not_public_address"


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "localhost", "localhost.", "a.localhost"],
)
async def test_other_ways_to_write_loopback(host: str) -> None:
    """Through the system's own resolver, which understands some of them."""
    assert await refusal(Fetcher(), f"https://{host}/") in {"not_public_address", "unresolvable", "bad_url"}


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://example.com/", "not_https"),
        ("ftp://example.com/", "not_https"),
        ("file:///etc/passwd", "bad_url"),
        ("data:text/plain,hello", "bad_url"),
        ("gopher://example.com/", "not_https"),
        ("//example.com/", "bad_url"),
        ("/etc/passwd", "bad_url"),
        ("", "bad_url"),
        ("https://", "bad_url"),
        ("https:///path", "bad_url"),
        ("https://user:secret@example.com/", "bad_url"),
        ("https://user@example.com/", "bad_url"),
        ("https://exa mple.com/", "bad_url"),
        ("https://example.com/\r\nX: y", "bad_url"),
        ("https://example.com/\x00", "bad_url"),
        ("https://example.com:99999/", "bad_url"),
        ("https://example.com:22/", "port_not_allowed"),
        ("https://example.com:25/", "port_not_allowed"),
        ("https://[::1", "bad_url"),
        ("https://[fe80::1%25eth0]/", "not_public_address"),
        ("https://example.com/" + "a" * 3000, "bad_url"),
        ("https://ex\u00e4mple.com/", "bad_url"),
    ],
)
async def test_urls_that_are_not_fetched(url: str, code: str) -> None:
    assert await refusal(Fetcher(resolve=resolving("10.0.0.1")), url) == code


async def test_names_that_do_not_resolve() -> None:
    async def fails(_: str, __: int) -> Sequence[str]:
        raise OSError("no such host")

    assert await refusal(Fetcher(resolve=fails), "https://nowhere.example/") == "unresolvable"
    assert await refusal(Fetcher(resolve=resolving()), "https://nowhere.example/") == "unresolvable"
    assert await refusal(Fetcher(resolve=resolving("nonsense")), "https://nowhere.example/") == "unresolvable"
    assert (
        await refusal(
            Fetcher(resolve=resolving(*(["8.8.8.8"] + [f"8.8.4.{n}" for n in range(50)]))),
            "https://many.example/",
        )
        == "unresolvable"
    )


async def test_a_resolver_that_never_answers_costs_the_deadline_only() -> None:
    async def hangs(_: str, __: int) -> Sequence[str]:
        await asyncio.sleep(3600)
        return []

    begun = time.monotonic()
    assert await refusal(Fetcher(resolve=hangs), "https://slow.example/", timeout=0.3) == "too_slow"
    assert time.monotonic() - begun < 2


# --- loopback, in the embedded profile and out of it ---


async def test_loopback_only_where_allowed(hostile: str, fetcher: Fetcher) -> None:
    assert (await fetcher.get(f"{hostile}/echo", max_bytes=KIB)).status == 200
    local = hostile.replace("127.0.0.1", "localhost")
    assert (await fetcher.get(f"{local}/echo", max_bytes=KIB)).status == 200
    assert await refusal(Fetcher(), f"{hostile}/echo") == "not_https"


async def test_a_public_name_that_leads_to_loopback_is_refused_even_where_loopback_is_allowed(
    hostile: str,
) -> None:
    fetcher = Fetcher(allow_loopback=True, resolve=resolving("127.0.0.1"))
    port = hostile.rpartition(":")[2]
    assert await refusal(fetcher, f"https://evil.example.com:{port}/echo") == "not_public_address"
    assert await refusal(fetcher, f"http://evil.example.com:{port}/echo") == "not_https"


# --- redirects ---


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("https://169.254.169.254/latest/meta-data", "not_public_address"),
        ("https://10.0.0.1/", "not_public_address"),
        ("http://example.com/", "not_https"),
        ("file:///etc/passwd", "bad_url"),
        ("https://user:pw@example.com/", "bad_url"),
        ("https://[::ffff:127.0.0.1]/", "not_public_address"),
        ("//192.168.0.1/", "not_https"),
        ("https://[", "bad_url"),
    ],
)
@pytest.mark.parametrize("status", ["301", "302", "303", "307", "308"])
async def test_each_redirect_is_checked_anew(
    hostile: str, fetcher: Fetcher, to: str, code: str, status: str
) -> None:
    from urllib.parse import quote

    found = await refusal(fetcher, f"{hostile}/redirect?status={status}&to={quote(to, safe='')}")
    assert found == code


async def test_three_redirects_and_no_more(hostile: str, fetcher: Fetcher) -> None:
    found = await fetcher.get(f"{hostile}/hops/2", max_bytes=KIB)
    assert found.final_url == f"{hostile}/echo"
    assert found.url == f"{hostile}/hops/2"
    assert await refusal(fetcher, f"{hostile}/hops/3") == "too_many_redirects"


# --- what is sent, and what is not ---


async def test_no_cookies_no_referrer_and_a_plain_request(hostile: str, fetcher: Fetcher) -> None:
    for _ in range(2):
        found = await fetcher.get(f"{hostile}/echo#fragment", accept="application/json", max_bytes=KIB)
        headers = json.loads(found.body)["headers"]
        assert set(headers) == {"host", "accept", "accept-encoding", "user-agent", "connection"}
    assert headers["accept"] == "application/json"
    assert headers["host"] == hostile.removeprefix("http://")


# --- TLS and pinning ---


async def test_the_connection_goes_to_the_address_that_was_checked(
    secure: Secure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the second answer would be another one, but nobody asks a second time."""
    monkeypatch.setattr(addresses, "is_public", lambda address: str(address) == "127.0.0.2")
    answers = [["127.0.0.2"], ["127.0.0.1"]]
    asked = []

    async def rebinding(host: str, _: int) -> Sequence[str]:
        asked.append(host)
        return answers[min(len(asked), 2) - 1]

    fetcher = Fetcher(resolve=rebinding, cafile=secure.authority)
    found = await fetcher.get(f"https://{NAME}:{secure.port}/echo", max_bytes=KIB)
    seen = json.loads(found.body)
    assert asked == [NAME]
    assert seen["tls_name"] == NAME
    assert seen["headers"]["host"] == f"{NAME}:{secure.port}"
    assert await refusal(fetcher, f"https://{NAME}:{secure.port}/echo") == "not_public_address"
    await fetcher.close()


async def test_the_certificate_must_be_for_the_name(secure: Secure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "is_public", lambda _: True)
    trusting = Fetcher(resolve=resolving("127.0.0.2"), cafile=secure.authority)
    assert await refusal(trusting, f"https://other.example.org:{secure.port}/echo") == "bad_certificate"
    assert await refusal(trusting, f"https://127.0.0.2:{secure.port}/echo") == "bad_certificate"
    stranger = Fetcher(resolve=resolving("127.0.0.2"))
    assert await refusal(stranger, f"https://{NAME}:{secure.port}/echo") == "bad_certificate"


async def test_the_next_address_is_tried_if_the_first_takes_no_connection(
    secure: Secure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "is_public", lambda _: True)
    fetcher = Fetcher(resolve=resolving("127.0.0.3", "127.0.0.2"), cafile=secure.authority)
    assert (await fetcher.get(f"https://{NAME}:{secure.port}/echo", max_bytes=KIB)).status == 200
    nobody = Fetcher(resolve=resolving("127.0.0.3"), cafile=secure.authority)
    assert await refusal(nobody, f"https://{NAME}:{secure.port}/echo") == "unreachable"


async def test_peers_are_reached_inside_under_their_public_name(secure: Secure) -> None:
    """CONFER_PEERS: nothing private but what is named, and the certificate is still checked for the public name."""
    peers = {f"https://{NAME}": f"https://127.0.0.2:{secure.port}"}
    fetcher = Fetcher(peers=peers, resolve=resolving("10.0.0.1"), cafile=secure.authority)
    seen = json.loads((await fetcher.get(f"https://{NAME}/echo", max_bytes=KIB)).body)
    assert (seen["tls_name"], seen["headers"]["host"], seen["path"]) == (NAME, NAME, "/echo")
    assert await refusal(fetcher, f"https://{NAME}:8443/echo") == "not_public_address"
    assert await refusal(fetcher, f"http://{NAME}/echo") == "not_https"
    assert await refusal(fetcher, f"https://127.0.0.2:{secure.port}/echo") == "not_public_address"
    assert (
        await refusal(fetcher, f"https://{NAME}/redirect?to=https://127.0.0.2:{secure.port}/echo")
        == "not_public_address"
    )
    other = Fetcher(
        peers={"https://other.example.org": f"https://127.0.0.2:{secure.port}"}, cafile=secure.authority
    )
    assert await refusal(other, "https://other.example.org/echo") == "bad_certificate"


async def test_peers_over_http_inside(hostile: str) -> None:
    fetcher = Fetcher(peers={"https://issuer.example.org": hostile + "/"}, resolve=resolving("10.0.0.1"))
    found = await fetcher.get("https://issuer.example.org/echo?a=b", max_bytes=KIB)
    assert found.final_url == "https://issuer.example.org/echo?a=b"
    assert json.loads(found.body)["headers"]["host"] == "issuer.example.org"


# --- bodies ---


async def test_size(hostile: str, fetcher: Fetcher) -> None:
    assert len((await fetcher.get(f"{hostile}/bytes/{KIB}", max_bytes=KIB)).body) == KIB
    assert await refusal(fetcher, f"{hostile}/bytes/{KIB + 1}", max_bytes=KIB) == "too_large"
    assert await refusal(fetcher, f"{hostile}/endless-body") == "too_large"


async def test_gzip(hostile: str, fetcher: Fetcher) -> None:
    found = await fetcher.get(f"{hostile}/gzip/{MIB}", max_bytes=MIB)
    assert found.body == b"\0" * MIB
    assert await refusal(fetcher, f"{hostile}/gzip/{2 * MIB}", max_bytes=MIB) == "too_large"
    for path in (
        "gzip-cut",
        "gzip-broken",
        "encoding/br",
        "encoding/deflate",
        "encoding/gzip,%20gzip",
        "encoding/zstd",
    ):
        assert await refusal(fetcher, f"{hostile}/{path}", max_bytes=2 * MIB) == "bad_encoding", path


@pytest.mark.parametrize("path", [f"gzip/{256 * MIB}", "endless-gzip"])
async def test_a_gzip_bomb_is_never_unpacked(hostile: str, fetcher: Fetcher, path: str) -> None:
    tracemalloc.start()
    begun = time.process_time()
    assert await refusal(fetcher, f"{hostile}/{path}", max_bytes=MIB, timeout=20) == "too_large"
    spent = time.process_time() - begun
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6 * MIB
    assert spent < 2


async def test_time(hostile: str, fetcher: Fetcher) -> None:
    for path in ("slow-head", "slow-body", "silence"):
        begun = time.monotonic()
        assert await refusal(fetcher, f"{hostile}/{path}", timeout=0.5) == "too_slow", path
        assert time.monotonic() - begun < 2


async def test_what_is_not_http(hostile: str, fetcher: Fetcher) -> None:
    for path in ("garbage", "nothing", "lying-length", "endless-head"):
        assert await refusal(fetcher, f"{hostile}/{path}") in {"bad_response", "unreachable"}, path


async def test_nobody_listens(fetcher: Fetcher) -> None:
    assert await refusal(fetcher, "http://127.0.0.1:1/") == "port_not_allowed"
    from tests.harness.processes import free_port

    assert await refusal(fetcher, f"http://127.0.0.1:{free_port()}/") == "unreachable"


@pytest.mark.parametrize(
    ("accept", "given", "taken"),
    [
        ("application/json", "application/json", True),
        ("application/json", "application/json; charset=utf-8", True),
        ("application/json", "text/html", False),
        ("application/json, application/did+json;q=0.5", "application/did+json", True),
        ("image/*", "image/png", True),
        ("image/*", "text/html", False),
        ("*/*", "text/html", True),
        ("application/json, */*;q=0.1", "application/octet-stream", True),
        (
            "application/json",
            "not a type",
            True,
        ),  # as if there were none: the reader decides by what is inside
    ],
)
async def test_media_types(hostile: str, fetcher: Fetcher, accept: str, given: str, taken: bool) -> None:
    from urllib.parse import quote

    url = f"{hostile}/type/{quote(given, safe='')}"
    if taken:
        assert (await fetcher.get(url, accept=accept, max_bytes=KIB)).status == 200
    else:
        assert await refusal(fetcher, url, accept=accept) == "wrong_type"


@pytest.mark.parametrize(
    ("status", "temporary"), [(400, False), (404, False), (410, False), (429, True), (500, True), (503, True)]
)
async def test_statuses(hostile: str, fetcher: Fetcher, status: int, temporary: bool) -> None:
    with pytest.raises(FetchError) as caught:
        await fetcher.get(f"{hostile}/status/{status}", max_bytes=KIB)
    assert (caught.value.code, caught.value.status, caught.value.temporary) == (
        "http_status",
        status,
        temporary,
    )


async def test_many_slow_servers_hold_up_only_their_turns(hostile: str) -> None:
    fetcher = Fetcher(allow_loopback=True, max_concurrency=4)
    slow = [refusal(fetcher, f"{hostile}/silence", timeout=0.5) for _ in range(8)]
    begun = time.monotonic()
    assert await asyncio.gather(*slow) == ["too_slow"] * 8
    assert time.monotonic() - begun < 2, "waiting for a turn counts towards the deadline"
