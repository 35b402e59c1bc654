"""Uploaded images: read strictly, cleaned of everything that is not picture, bounded."""

import io
import re
import warnings
from base64 import b64encode
from xml.etree.ElementTree import Element, ParseError, register_namespace, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from PIL import Image, UnidentifiedImageError

from services.issuer.errors import InvalidImage

PNG, SVG = "image/png", "image/svg+xml"
_SVG_NAMESPACE = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_MOST_PIXELS = 2048
"""Widest and highest PNG: decoded, it takes 16 MB at most."""
_MOST_ELEMENTS = 20_000
_MOST_DEPTH = 64
_ELEMENTS = frozenset(
    {
        "svg",
        "g",
        "defs",
        "symbol",
        "use",
        "title",
        "desc",
        "path",
        "rect",
        "circle",
        "ellipse",
        "line",
        "polyline",
        "polygon",
        "text",
        "tspan",
        "textPath",
        "image",
        "linearGradient",
        "radialGradient",
        "stop",
        "clipPath",
        "mask",
        "pattern",
        "marker",
        "filter",
        "feBlend",
        "feColorMatrix",
        "feComposite",
        "feFlood",
        "feGaussianBlur",
        "feMerge",
        "feMergeNode",
        "feMorphology",
        "feOffset",
        "feDropShadow",
        "switch",
    }
)
_HREF = re.compile(r"#[\w.:-]+|data:image/(png|jpeg|gif);base64,[A-Za-z0-9+/=\s]+")
_OUTSIDE = re.compile(r"url\(\s*['\"]?(?!#)|@import|expression\s*\(|javascript:|\\", re.IGNORECASE)

register_namespace("", _SVG_NAMESPACE)
register_namespace("xlink", _XLINK)


def cleaned(content: bytes) -> tuple[str, bytes]:
    """The image's media type and its bytes as they will be served.

    A PNG is decoded and encoded anew, so that nothing hides beside the pixels; of an SVG only what draws is kept.
    Raises InvalidImage.
    """
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG, _png(content)
    if b"<svg" in content[:4096] or content.lstrip().startswith((b"<?xml", b"<svg", b"<!--")):
        return SVG, _svg(content)
    raise InvalidImage("Send a PNG or an SVG image.")


def _png(content: bytes) -> bytes:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content), formats=("PNG",))
            if max(picture.size) > _MOST_PIXELS:
                raise InvalidImage(f"Send an image of at most {_MOST_PIXELS} by {_MOST_PIXELS} pixels.")
            picture.load()
    except (
        UnidentifiedImageError,
        OSError,
        SyntaxError,
        ValueError,
        Image.DecompressionBombWarning,
    ) as error:
        raise InvalidImage("The PNG is damaged.") from error
    out = io.BytesIO()
    picture.convert("RGBA").save(out, "PNG", optimize=True)
    return out.getvalue()


def _svg(content: bytes) -> bytes:
    try:
        root = fromstring(content, forbid_dtd=False, forbid_entities=True, forbid_external=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise InvalidImage("The SVG is not well-formed XML, or uses entities.") from error
    if root.tag != f"{{{_SVG_NAMESPACE}}}svg":
        raise InvalidImage("The root of the SVG must be an `svg` element in the SVG namespace.")
    _check_size(root)
    _keep_drawing(root)
    return _written(root)


def _written(root: Element) -> bytes:
    text: bytes = tostring(root, encoding="utf-8", xml_declaration=False)
    return text


def _check_size(root: Element) -> None:
    """Number of elements and depth, counted without recursion: what follows recurses. Raises InvalidImage."""
    pending, count = [(root, 1)], 0
    while pending:
        element, depth = pending.pop()
        count += 1
        if count > _MOST_ELEMENTS or depth > _MOST_DEPTH:
            raise InvalidImage(f"The SVG has more than {_MOST_ELEMENTS} elements or is too deep.")
        pending.extend((child, depth + 1) for child in element)


def _keep_drawing(element: Element) -> None:
    """Drop scripts, handlers, foreign content and every reference that leads outside of the file."""
    for name, value in list(element.attrib.items()):
        if not _harmless(name, value):
            del element.attrib[name]
    for child in list(element):
        namespace, _, local = str(child.tag).rpartition("}")
        if namespace != f"{{{_SVG_NAMESPACE}" or local not in _ELEMENTS:
            element.remove(child)
        else:
            _keep_drawing(child)


def _harmless(name: str, value: str) -> bool:
    namespace, _, local = name.rpartition("}")
    if local == "href" and namespace in {"", f"{{{_XLINK}"}:
        return _HREF.fullmatch(value.strip()) is not None
    if namespace or local.lower().startswith("on"):
        return False
    return _OUTSIDE.search(value) is None


def as_svg(png: bytes, name: str) -> bytes:
    """A PNG inside an SVG, for baking where only a PNG was uploaded."""
    with Image.open(io.BytesIO(png), formats=("PNG",)) as picture:
        width, height = picture.size
    root = Element(
        f"{{{_SVG_NAMESPACE}}}svg",
        {"viewBox": f"0 0 {width} {height}", "width": str(width), "height": str(height), "role": "img"},
    )
    title = Element(f"{{{_SVG_NAMESPACE}}}title")
    title.text = name
    root.append(title)
    href = "data:image/png;base64," + b64encode(png).decode()
    root.append(Element(f"{{{_SVG_NAMESPACE}}}image", {"width": "100%", "height": "100%", "href": href}))
    return _written(root)
