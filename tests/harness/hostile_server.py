"""A web server that does everything a stranger's server might do to whoever fetches from it. A program of its own.

`python -m tests.harness.hostile_server [--host H] [--certificate FILE --key FILE]` prints its port and serves until it ends.
"""

import argparse
import asyncio
import json
import ssl
import zlib
from collections.abc import Callable
from urllib.parse import parse_qs, unquote, urlsplit

Writer = asyncio.StreamWriter
_hits: dict[str, int] = {}


def head(status: str = "200 OK", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return ("\r\n".join([*lines, "Connection: close", "", ""])).encode()


def answer(
    body: bytes, status: str = "200 OK", media_type: str = "application/json", **headers: str
) -> bytes:
    return head(status, Content_Type=media_type, Content_Length=str(len(body)), **headers) + body


def packed(size: int, level: int = 9) -> bytes:
    packer = zlib.compressobj(level, wbits=16 + zlib.MAX_WBITS)
    step = b"\0" * (1024 * 1024)
    return b"".join(packer.compress(step) for _ in range(size // len(step))) + packer.flush()


async def respond(path: str, query: dict[str, list[str]], seen: dict[str, object], writer: Writer) -> None:
    """One answer, or something like one."""
    _hits[path] = _hits.get(path, 0) + 1
    kind, _, rest = path.strip("/").partition("/")
    match kind:
        case "echo":
            writer.write(answer(json.dumps(seen).encode(), Set_Cookie="session=stolen; Path=/"))
        case "hits":
            writer.write(answer(json.dumps(_hits).encode()))
        case "redirect":
            writer.write(answer(b"", query.get("status", ["302"])[0] + " Found", Location=query["to"][0]))
        case "hops":
            left = int(rest)
            there = f"/hops/{left - 1}" if left else "/echo"
            writer.write(answer(b"", "302 Found", Location=there))
        case "type":
            writer.write(answer(b"<p>hello</p>", media_type=unquote(rest)))
        case "no-type":
            writer.write(head(Content_Length="2") + b"{}")
        case "status":
            writer.write(answer(b"{}", f"{rest} Whatever"))
        case "bytes":
            writer.write(answer(b"x" * int(rest)))
        case "gzip":
            writer.write(answer(packed(int(rest)), Content_Encoding="gzip"))
        case "gzip-cut":
            writer.write(answer(packed(1024 * 1024)[:-9], Content_Encoding="gzip"))
        case "gzip-broken":
            writer.write(answer(b"this is not gzip", Content_Encoding="gzip"))
        case "gzip-empty-parts":
            parts = b"".join(packed(0) for _ in range(1000))
            writer.write(answer(parts, Content_Encoding="gzip"))
        case "encoding":
            writer.write(answer(b"????", Content_Encoding=unquote(rest)))
        case "lying-length":
            writer.write(head(Content_Type="application/json", Content_Length="1000") + b"{}")
        case "garbage":
            writer.write(b"\x00\x01\x02 this is not HTTP at all\r\n\r\n")
        case "nothing":
            pass
        case "endless-head":
            await forever(writer, lambda: b"X-Padding: " + b"x" * 1000 + b"\r\n", b"HTTP/1.1 200 OK\r\n", 0)
        case "endless-body":
            await forever(writer, lambda: b"x" * 65536, head(Content_Type="application/json"), 0)
        case "endless-gzip":
            packer = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
            start = head(Content_Type="application/json", Content_Encoding="gzip")
            await forever(
                writer, lambda: packer.compress(b"\0" * 2**20) + packer.flush(zlib.Z_SYNC_FLUSH), start, 0
            )
        case "slow-head":
            await forever(writer, lambda: b"X: y\r\n", b"HTTP/1.1 200 OK\r\n", 0.05)
        case "slow-body":
            await forever(writer, lambda: b" ", head(Content_Type="application/json"), 0.05)
        case "silence":
            await asyncio.sleep(3600)
        case _:
            writer.write(answer(b"{}", "404 Not Found"))


async def forever(writer: Writer, part: Callable[[], bytes], start: bytes, pause: float) -> None:
    writer.write(start)
    while True:
        writer.write(part())
        await writer.drain()
        await asyncio.sleep(pause)


async def serve(reader: asyncio.StreamReader, writer: Writer) -> None:
    try:
        request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = request.split("\r\n")
        target = urlsplit(first.split(" ")[1])
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
        }
        tls = writer.get_extra_info("ssl_object")
        seen = {"headers": headers, "path": target.path, "tls_name": getattr(tls, "seen_name", None)}
        await respond(target.path, parse_qs(target.query), seen, writer)
        await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        return
    finally:
        writer.close()


def tls_context(certificate: str, key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def note(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        connection.seen_name = name  # type: ignore[attr-defined]  # kept for the test to ask

    context.sni_callback = note
    return context


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    given = parser.parse_args()
    context = tls_context(given.certificate, given.key) if given.certificate else None
    server = await asyncio.start_server(serve, given.host, 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
