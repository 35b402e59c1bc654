r"""Values of a JSON document as RDF terms, in canonical N-Quads (RDFC-1.0, section 5): backslash escapes for what has
one, upper-case \u for other control characters and what XML 1.1 does not count as characters, the rest as it is.
"""

import re
from typing import Any

from shared.vc import jcs
from shared.vc.errors import InvalidJsonLd, UnsupportedJsonLd
from shared.vc.jsonld.terms import RDF, XSD

_ESCAPED = re.compile('[\x00-\x1f"\\\\\x7f\ufffe\uffff]')
_ESCAPES_OF = {chr(code): f"\\u{code:04X}" for code in (*range(0x20), 0x7F, 0xFFFE, 0xFFFF)} | {
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\f": "\\f",
    "\r": "\\r",
    '"': '\\"',
    "\\": "\\\\",
}
_ESCAPES = str.maketrans(_ESCAPES_OF)
_LANGUAGE = re.compile(r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*")
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_TRAILING = re.compile(r"(\d)0*E\+?(-)?0*(\d)")
_DOUBLE = f"^^<{XSD}double>"
_INTEGER = f"^^<{XSD}integer>"
_BOOLEAN = f"^^<{XSD}boolean>"
_JSON = f"^^<{RDF}JSON>"
# Beyond this, JSON-LD writes whole numbers as doubles (JSON-LD 1.1 API, 8.2.2, step 10).
_LARGEST_WHOLE = 1e21


def text(value: str, suffix: str = "") -> str:
    """A literal with the datatype or language `suffix` gives (`^^<…>`, `@…`, or none for a plain string)."""
    if _ESCAPED.search(value):
        value = value.translate(_ESCAPES)
    return f'"{value}"{suffix}'


def language(value: str, tag: str) -> str:
    """A literal in a language. The tag is lower-cased, as JSON-LD processors do. Raises InvalidJsonLd."""
    if not _LANGUAGE.fullmatch(tag):
        raise InvalidJsonLd("language_tag", "A language tag is malformed.")
    return text(value, f"@{tag.lower()}")


def native(value: Any, datatype: str = "") -> str:
    """A JSON number or boolean as a literal (JSON-LD 1.1 API, 8.2.2).

    Args:
        value: bool, int or float.
        datatype: `^^<…>` of a coercion; without one, xsd:boolean, xsd:integer or xsd:double.
    """
    if value is True or value is False:
        return f'"{"true" if value else "false"}"{datatype or _BOOLEAN}'
    whole = isinstance(value, int) or value.is_integer()
    if datatype == _DOUBLE or not whole or abs(value) >= _LARGEST_WHOLE:
        return f'"{_double(float(value))}"{datatype or _DOUBLE}'
    return f'"{int(value)}"{datatype or _INTEGER}'


def typed(value: str, datatype: str) -> str:
    """A JSON string coerced to a datatype. Numerals of xsd:double take their canonical form, as PyLD and jsonld.js
    do (the specification asks it of JSON numbers only).
    """
    if datatype == _DOUBLE:
        if not _DECIMAL.fullmatch(value):
            raise UnsupportedJsonLd("double_form", "Processors disagree about this form of a double.")
        return f'"{_double(float(value))}"{datatype}'
    return text(value, datatype)


def json_literal(value: Any) -> str:
    """Any JSON value as an rdf:JSON literal, in RFC 8785 form."""
    return text(jcs.canonicalize(value).decode(), _JSON)


def _double(value: float) -> str:
    return _TRAILING.sub(r"\1E\2\3", f"{value:1.15E}")
