"""What stands before the services while the suites run: TLS, which they insist on; or a server that refuses everything."""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.harness.certificates import certify

_CHUNK = 64 * 1024
_REFUSAL = b"""HTTP/1.1 400 Bad Request\r
Content-Type: application/json\r
Content-Length: 2\r
Connection: close\r
\r
{}"""

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextmanager
def fronts(folder: Path, ports: Mapping[int, int]) -> Iterator[None]:
    """TLS on each port of loopback, passed on to another port there; ended with the block."""
    with _serving(folder, {port: _passing_to(behind) for port, behind in ports.items()}):
        yield


@contextmanager
def refusing(folder: Path, port: int) -> Iterator[None]:
    """A server that answers 400 to every request, over TLS."""
    with _serving(folder, {port: _refuse}):
        yield


@contextmanager
def _serving(folder: Path, handlers: Mapping[int, Handler]) -> Iterator[None]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certify(folder))
    ready, ended = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with contextlib.AsyncExitStack() as stack:
            for port, handler in handlers.items():
                await stack.enter_async_context(_listening(port, handler, context))
            ready.set()
            await ended.wait()
        open_still = asyncio.all_tasks() - {asyncio.current_task()}
        for connection in open_still:
            connection.cancel()
        await asyncio.gather(*open_still, return_exceptions=True)
        await asyncio.sleep(0)  # what was just closed tells the loop so

    def run() -> None:
        with contextlib.closing(loop):
            loop.run_until_complete(serve())

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert ready.wait(10), "the front did not come up"
        yield
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)


@contextlib.asynccontextmanager
async def _listening(port: int, handler: Handler, context: ssl.SSLContext) -> AsyncIterator[None]:
    server = await asyncio.start_server(handler, "127.0.0.1", port, ssl=context)
    try:
        yield
    finally:
        server.close()


def _passing_to(port: int) -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.gather(_pump(reader, behind_writer), _pump(behind_reader, writer))
        finally:
            behind_writer.transport.abort()
            writer.transport.abort()

    return handle


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        writer.close()
        await writer.wait_closed()


async def _refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(_length_of(head))
        writer.write(_REFUSAL)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    writer.transport.abort()


def _length_of(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0
