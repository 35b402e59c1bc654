"""Reading rows from a body of any length, in memory that does not grow with it.

JSON (an array of objects), NDJSON (an object a line) and CSV (a line of names, then a line a row). Rows of JSON are cut out
of the stream and read one by one by the strict parser: a streaming parser would keep the last of two equal keys unseen.
"""

import codecs
import csv
import re
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from fastapi import Request

from shared.http.body import MIB, limited_stream
from shared.http.problems import Unparseable, UnsupportedMediaType
from shared.vc import strict_json
from shared.vc.errors import JsonRefused

MAX_ROW_BYTES = 64 * 1024
MAX_BODY_BYTES = 512 * MIB
MEDIA_TYPES = ("application/json", "application/x-ndjson", "text/csv")
_ALIASES = {"application/jsonl": "application/x-ndjson", "application/ndjson": "application/x-ndjson"}
_MAX_COLUMNS = 200

Row = Mapping[str, Any]
Digest = Callable[[bytes], Any]


async def read_rows(request: Request, *, digest: Digest | None = None) -> AsyncIterator[Row]:
    """The rows of the body, by its Content-Type, as they arrive.

    `digest` is given every part of the body (for an idempotency fingerprint). Raises Unparseable with the row's number,
    UnsupportedMediaType, TooLarge.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    reader = _READERS.get(_ALIASES.get(media_type, media_type))
    if reader is None:
        raise UnsupportedMediaType(
            "Send rows as a JSON array, as NDJSON or as CSV.", supported=list(MEDIA_TYPES)
        )
    number = 0
    async for row in reader(_observed(request, digest)):
        yield row
        number += 1


async def _observed(request: Request, digest: Digest | None) -> AsyncIterator[bytes]:
    async for part in limited_stream(request, MAX_BODY_BYTES):
        if digest is not None:
            digest(part)
        yield part


# --- JSON ---------------------------------------------------------------------------------------------------

_STRUCTURE = re.compile(rb'["\[\]{},]')
_STRING = re.compile(rb'["\\]')
_SPACE = b" \t\r\n"


class _Elements:
    """Cuts a JSON array into its elements' bytes, knowing only strings and brackets.

    Whatever it cuts wrongly, because it is no JSON, the strict parser refuses.
    """

    def __init__(self) -> None:
        self._pending = bytearray()  # of the element being received
        self._scanned = 0  # how far it has been looked at
        self._depth = 0
        self._in_string = False
        self._begun = self._ended = self._expecting = False

    def feed(self, part: bytes) -> list[bytes]:
        self._pending += part
        found: list[bytes] = []
        if not self._begun:
            self._begin()
        while self._begun and not self._ended and (element := self._next()) is not None:
            found.append(element)
        if self._ended and self._pending.strip(_SPACE):
            raise Unparseable("There is something behind the end of the array.")
        if len(self._pending) > MAX_ROW_BYTES:
            raise Unparseable(f"A row is larger than {MAX_ROW_BYTES} bytes.")
        return found

    def finish(self) -> None:
        if not self._ended:
            raise Unparseable("The array does not end: the body is incomplete.")

    def _begin(self) -> None:
        start = self._pending.lstrip(_SPACE)
        if start:
            if start[:1] != b"[":
                raise Unparseable("The body must be a JSON array of rows.")
            self._pending = start[1:]
            self._begun = True

    def _next(self) -> bytes | None:
        """The next complete element, None if more has to arrive first (or the array has ended)."""
        while True:
            if self._in_string and not self._skip_string():
                return None
            match = _STRUCTURE.search(self._pending, self._scanned)
            if match is None:
                self._scanned = len(self._pending)
                return None
            self._scanned = match.end()
            mark = match[0]
            if mark == b'"':
                self._in_string = True
            elif mark in b"[{":
                self._depth += 1
            elif self._depth and mark in b"]}":
                self._depth -= 1
            elif not self._depth and mark in b",]":
                return self._cut(match.start(), last=mark == b"]")
            elif not self._depth:
                raise Unparseable("The body is not JSON: a bracket closes that was never opened.")

    def _skip_string(self) -> bool:
        while match := _STRING.search(self._pending, self._scanned):
            if match[0] == b'"':
                self._scanned = match.end()
                self._in_string = False
                return True
            if match.end() == len(self._pending):  # a backslash whose character has yet to arrive
                self._scanned = match.start()
                return False
            self._scanned = match.end() + 1
        self._scanned = len(self._pending)
        return False

    def _cut(self, end: int, *, last: bool) -> bytes | None:
        element = bytes(self._pending[:end]).strip(_SPACE)
        del self._pending[: end + 1]
        self._scanned = 0
        self._ended = last
        if not element and last and not self._expecting:
            return None  # an empty array
        self._expecting = not last
        if not element:
            raise Unparseable("The body is not JSON: a row is missing between two commas.")
        return element


async def _json_rows(parts: AsyncIterator[bytes]) -> AsyncIterator[Row]:
    elements, number = _Elements(), 0
    async for part in parts:
        # Small steps: a part of megabytes would otherwise become a list of everything in it.
        for start in range(0, len(part), MAX_ROW_BYTES):
            for element in elements.feed(part[start : start + MAX_ROW_BYTES]):
                yield _object(element, number)
                number += 1
    elements.finish()


async def _ndjson_rows(parts: AsyncIterator[bytes]) -> AsyncIterator[Row]:
    number = 0
    async for line in _lines(parts):
        if line.strip(_SPACE):
            yield _object(line, number)
            number += 1


def _object(text: bytes, number: int) -> Row:
    if len(text) > MAX_ROW_BYTES:
        raise Unparseable(f"Row {number} is larger than {MAX_ROW_BYTES} bytes.")
    try:
        return strict_json.loads_object(text, max_bytes=MAX_ROW_BYTES)
    except JsonRefused as refused:
        raise Unparseable(f"Row {number} cannot be read. {refused.reason}", row=number) from refused


async def _lines(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Lines without their ends; a last one without an end counts."""
    rest = b""
    async for part in parts:
        *complete, rest = (rest + part).split(b"\n")
        for line in complete:
            yield line
        if len(rest) > MAX_ROW_BYTES:
            raise Unparseable(f"A line is longer than {MAX_ROW_BYTES} bytes.")
    if rest:
        yield rest


# --- CSV ----------------------------------------------------------------------------------------------------


async def _csv_rows(parts: AsyncIterator[bytes]) -> AsyncIterator[Row]:
    """Rows of RFC 4180, separated by comma or semicolon; `recipient.identity` as a name makes an object."""
    names: list[str] | None = None
    delimiter, number = ",", 0
    async for record in _records(parts):
        if names is None:
            delimiter = ";" if record.count(";") > record.count(",") else ","
            names = _names(_fields(record, delimiter, "The line of names"))
            continue
        fields = _fields(record, delimiter, f"Row {number}")
        if len(fields) != len(names):
            raise Unparseable(
                f"Row {number} has {len(fields)} fields, the line of names has {len(names)}.", row=number
            )
        yield _nested(names, fields)
        number += 1


async def _records(parts: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """Records as text: lines, joined where a quoted field goes over several."""
    decode = codecs.getincrementaldecoder("utf-8-sig")().decode
    record = ""
    async for line in _lines(parts):
        try:
            record += decode(line + b"\n")
        except UnicodeDecodeError as error:
            raise Unparseable("The CSV is not in UTF-8.") from error
        if len(record) > MAX_ROW_BYTES:
            raise Unparseable(
                f"A row is larger than {MAX_ROW_BYTES} characters: is a quotation mark left open?"
            )
        if record.count('"') % 2:
            continue
        if record.strip():
            yield record
        record = ""
    if record:
        raise Unparseable("The CSV ends within a quoted field.")


def _fields(record: str, delimiter: str, where: str) -> list[str]:
    try:
        (fields,) = csv.reader(record.splitlines(keepends=True), delimiter=delimiter, strict=True)
    except (csv.Error, ValueError) as error:
        raise Unparseable(f"{where} is not CSV.") from error
    return fields


def _names(fields: list[str]) -> list[str]:
    names = [field.strip() for field in fields]
    if len(set(names)) != len(names) or not all(names) or len(names) > _MAX_COLUMNS:
        raise Unparseable("The first line must name every column, each once.")
    if any(other.startswith(f"{name}.") for name in names for other in names):
        raise Unparseable("A column's name cannot be the beginning of another's (as in a and a.b).")
    return names


def _nested(names: list[str], fields: list[str]) -> Row:
    """An object; empty fields are left out, dots make objects within."""
    row: dict[str, Any] = {}
    for name, field in zip(names, fields, strict=True):
        if field == "":
            continue
        *path, last = name.split(".")
        inner = row
        for step in path:
            inner = inner.setdefault(step, {})
        inner[last] = field
    return row


_READERS = {"application/json": _json_rows, "application/x-ndjson": _ndjson_rows, "text/csv": _csv_rows}
