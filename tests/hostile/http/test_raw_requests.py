"""Requests as no client library sends them, to the real server."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import uvicorn

from shared.http.application import create_application
from tests.harness.processes import free_port
from tests.unit.http.application import routers, service

pytestmark = pytest.mark.anyio


@pytest.fixture
async def port() -> AsyncIterator[int]:
    app = create_application(service(), title="Things", description="", routers=routers())
    number = free_port()
    server = uvicorn.Server(
        uvicorn.Config(
            app, port=number, log_config=None, access_log=False, lifespan="off", server_header=False
        )
    )
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while not server.started:
            await asyncio.sleep(0.01)
    yield number
    server.should_exit = True
    await serving


async def exchange(port: int, *parts: bytes, wait: float = 5) -> tuple[int, dict[str, str], bytes]:
    """Send these bytes as they are; the status, headers and body of the (first) answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(wait):
            for part in parts:
                writer.write(part)
                await writer.drain()
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.strip().split("\r\n")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
            }
            is_head = parts[0].startswith(b"HEAD")
            body = b"" if is_head else await reader.readexactly(int(headers.get("content-length", "0")))
    finally:
        writer.close()
    return int(first.split(" ")[1]), headers, body


def request(method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: things.example.org", "x-who: alice", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


JSON = "Content-Type: application/json"


async def test_a_declared_length_is_refused_before_the_body_is_sent(port: int) -> None:
    status, headers, body = await exchange(
        port, request("POST", "/v1/things", JSON, "Content-Length: 99999999999")
    )
    assert (status, headers["content-type"]) == (413, "application/problem+json")
    assert json.loads(body)["limit"] == 1024 * 1024


async def test_a_chunked_body_is_counted(port: int) -> None:
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    parts = [request("POST", "/v1/things", JSON, "Transfer-Encoding: chunked"), *([chunk] * 20)]
    status, _, body = await exchange(port, *parts)
    assert (status, json.loads(body)["code"]) == (413, "too-large")


async def test_head(port: int) -> None:
    status, headers, body = await exchange(port, request("HEAD", "/v1/things"))
    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) > 0


@pytest.mark.parametrize(
    "head",
    [
        request("POST", "/v1/things", JSON, "Content-Length: -1"),
        request("POST", "/v1/things", JSON, "Content-Length: x"),
        request("POST", "/v1/things", JSON, "Content-Length: 2", "Content-Length: 3", body=b"{}"),
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
)
async def test_what_is_no_http_request_is_400(port: int, head: bytes) -> None:
    status, _, body = await exchange(port, head)
    assert status == 400
    assert b"Traceback" not in body


@pytest.mark.parametrize(
    "path",
    ["/v1/things/%00", "/v1/things/%ff%fe", "/v1/things/..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/etc/passwd", "//evil.example/",
     "/v1/things?limit=%00", "/v1/things?cursor=%ff", "/" + "a" * 20_000, "/v1/things?" + "a=b&" * 5_000, "*", "http://evil.example/v1/things"],
)  # fmt: skip
async def test_odd_targets_are_no_surprise(port: int, path: str) -> None:
    status, _, body = await exchange(port, request("GET", path))
    assert status < 500
    assert b"Traceback" not in body
    assert b"passwd" not in body


@pytest.mark.parametrize(
    "header",
    ["Accept: " + "a/b;q=0.1," * 2_000, "Accept: text/html;" + "x=y;" * 5_000, "If-Match: " + '"v1",' * 100, "traceparent: " + "0" * 5_000,
     "X-Request-ID: \xff\xfe", "Cookie: " + "a=b; " * 3_000, "Authorization: Bearer " + "a" * 20_000, "Content-Type: " + "x" * 9_000],
)  # fmt: skip
async def test_odd_headers_are_no_surprise(port: int, header: str) -> None:
    for method, path in (("GET", "/nothing"), ("PUT", f"/v1/things/{'0' * 32}")):
        status, _, body = await exchange(port, request(method, path, header, "Content-Length: 0"))
        assert status < 500
        assert b"Traceback" not in body


async def test_a_surprise_does_not_take_the_server_down(port: int) -> None:
    for _ in range(3):
        status, _, body = await exchange(port, request("GET", "/v1/faults/bug"))
        assert (status, json.loads(body)["code"]) == (500, "internal-error")
    assert (await exchange(port, request("GET", "/livez")))[0] == 200
