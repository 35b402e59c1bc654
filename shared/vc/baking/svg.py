"""SVG: the credential in an element of its own, right after the root's start tag.

The image is scanned, never rebuilt: what is not the credential keeps its bytes.
"""

import re
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from .carriers import MAX_CREDENTIAL, OPEN_BADGES_3, Carrier, ambiguous, unsafe

SVG_NAMESPACE = "http://www.w3.org/2000/svg"
_MAX_SVG = 8 * 1024 * 1024
_MAX_ELEMENTS = 50_000
_MAX_DEPTH = 200
_SEPARATOR = " "


@dataclass
class _Found:
    start: int
    verify: str | None
    end: int = -1
    text: list[str] = field(default_factory=list)
    length: int = 0


class _Scan:
    """Finds the root's start tag and the credential elements, and refuses what an image has no need of."""

    def __init__(self, image: bytes, carrier: Carrier) -> None:
        if len(image) > _MAX_SVG:
            raise unsafe("The SVG image is too large.")
        self.image = image
        self.name = f"{carrier.namespace}{_SEPARATOR}{carrier.element}"
        self.found: list[_Found] = []
        self.after_root_tag = -1
        self._elements = 0
        self._depth = 0
        self._open: _Found | None = None
        self._awaiting_first = False
        self._awaiting_end: _Found | None = None
        self._parser = self._make_parser()
        self._run()

    def _make_parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
        parser.buffer_text = False
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.DefaultHandler = self._anything
        parser.CommentHandler = self._anything
        parser.ProcessingInstructionHandler = self._instruction
        parser.EntityDeclHandler = self._entity
        parser.AttlistDeclHandler = self._attribute_list
        parser.ExternalEntityRefHandler = self._external
        parser.SkippedEntityHandler = self._skipped
        return parser

    def _run(self) -> None:
        try:
            self._parser.Parse(self.image, True)
        except expat.ExpatError as error:
            raise unsafe(f"This is not a readable SVG image: {expat.ErrorString(error.code)}.") from error
        except (LookupError, ValueError) as error:
            # What Python's codecs say of the encoding that an image names.
            raise unsafe("The SVG image is in an encoding that is not read.") from error
        if self.after_root_tag < 0:
            raise unsafe("The SVG image is empty.")

    def _mark(self) -> None:
        # Expat tells where an event begins, so where a tag ends is where the next event begins.
        if self._awaiting_first:
            self.after_root_tag = self._parser.CurrentByteIndex
            self._awaiting_first = False
        if self._awaiting_end is not None:
            self._awaiting_end.end = self._parser.CurrentByteIndex
            self._awaiting_end = None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._mark()
        self._elements += 1
        self._depth += 1
        if self._elements > _MAX_ELEMENTS or self._depth > _MAX_DEPTH:
            raise unsafe("The SVG image is too complex.")
        if self._depth == 1:
            if name != f"{SVG_NAMESPACE}{_SEPARATOR}svg":
                raise unsafe("This is not an SVG image.")
            self._awaiting_first = True
        elif self._open is not None:
            raise unsafe("The credential in the SVG image holds other elements.")
        elif name == self.name:
            self._open = _Found(self._parser.CurrentByteIndex, attributes.get("verify"))
            self.found.append(self._open)

    def _end(self, name: str) -> None:
        if self._depth == 1 and self._awaiting_first:
            raise unsafe("The SVG image is empty.")
        self._mark()
        self._depth -= 1
        if name == self.name and self._open is not None:
            self._awaiting_end = self._open
            self._open = None

    def _characters(self, data: str) -> None:
        self._mark()
        if self._open is None:
            return
        self._open.length += len(data)
        if self._open.length > MAX_CREDENTIAL:
            raise unsafe("The credential in the image is too long.")
        self._open.text.append(data)

    def _anything(self, _data: str) -> None:
        self._mark()

    def _instruction(self, _target: str, _data: str) -> None:
        self._mark()

    def _entity(self, *_declaration: object) -> NoReturn:
        raise unsafe("The SVG image declares entities, which are refused.")

    def _attribute_list(self, *_declaration: object) -> NoReturn:
        raise unsafe("The SVG image declares attributes of its own, which is refused.")

    def _external(self, *_reference: object) -> NoReturn:
        raise unsafe("The SVG image refers to something outside of it, which is refused.")

    def _skipped(self, *_reference: object) -> NoReturn:
        raise unsafe("The SVG image uses an entity that it does not declare.")


def read_svg(image: bytes, carrier: Carrier) -> str | None:
    """The text that `carrier` has in the image, `None` if it has none.

    A DOCTYPE is ignored and never loaded; entities are refused.

    Raises:
        ImageRefused: not an SVG image, declares entities, is too complex, or carries two credentials.
    """
    found = _Scan(image, carrier).found
    if len(found) > 1:
        raise ambiguous("The image carries two credentials; readers would not agree on which one counts.")
    if not found:
        return None
    body = "".join(found[0].text).strip()
    if found[0].verify is not None:
        if body.startswith("{"):
            raise ambiguous("The image carries a JWS and a JSON credential at once.")
        return found[0].verify.strip()
    return body or None


def bake_svg(image: bytes, credential: str, carrier: Carrier = OPEN_BADGES_3) -> bytes:
    """`image` with the credential (JSON text or compact JWS) in it; one baked in before is replaced.

    Raises:
        ImageRefused: not an SVG image in UTF-8, or one that declares entities or is too complex.
    """
    try:
        image.decode("utf-8")
    except UnicodeDecodeError as error:
        raise unsafe("Only SVG images in UTF-8 can be baked.") from error
    if re.match(rb"[\s\xef\xbb\xbf]*<\?xml[^>]*encoding\s*=\s*[\"'](?!utf-8)", image, re.IGNORECASE):
        raise unsafe("Only SVG images in UTF-8 can be baked.")
    scan = _Scan(image, carrier)
    parts = [image[: scan.after_root_tag], _element(credential, carrier)]
    position = scan.after_root_tag
    for one in scan.found:
        parts.append(image[position : one.start])
        position = one.end
    parts.append(image[position:])
    return b"".join(parts)


def _element(credential: str, carrier: Carrier) -> bytes:
    name = f"openbadges:{carrier.element}"
    start = f"<{name} xmlns:openbadges={quoteattr(carrier.namespace)}"
    if not credential.lstrip().startswith("{"):
        return f"{start} verify={quoteattr(credential)}/>".encode()
    text = credential.replace("]]>", "]]]]><![CDATA[>")
    return f"{start}><![CDATA[{text}]]></{name}>".encode()
