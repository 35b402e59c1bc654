"""One target for each parser that reads what strangers wrote."""

import base64
import contextlib
import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pyoxigraph

from shared.vc import dates, jcs, json_schema, multibase, multikey, rdfc, status, strict_json
from shared.vc.baking import OPEN_BADGES_3, ImageRefused, Unrecognised, bake_png, bake_svg, extract
from shared.vc.budget import Budget
from shared.vc.contexts import ContextStore
from shared.vc.dids import KeyProblem, did_web_url, retrieve
from shared.vc.dids.documents import find_method
from shared.vc.errors import JsonRefused, KeyRefused, ProofInvalid, VcError
from shared.vc.fetching import Fetched, FetchRefused
from shared.vc.jsonld import to_quads
from shared.vc.keys import PublicKey
from shared.vc.proofs import ecdsa_sd_values, jws, jwt, presentation_jwt, sd_jwt
from shared.vc.status import StatusRefused
from shared.vc.verify import Limits, verify, verify_presentation
from tests.hostile.mutation.judging import finished
from tests.unit.vc.oracles import pyld_canonical

from . import oracles
from .running import Broken, Target, require

STORE = ContextStore.builtin()
NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
LIMITS = Limits(work_units=20_000)
_IRI = re.compile(r"<[^\x00-\x20<>\"{}|^`\\]*>")  # N-Quads, IRIREF, without escapes


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape") if data[:1] == b"\xff" else data.decode("utf-8", "replace")


def _object(data: bytes) -> dict[str, Any] | None:
    try:
        return strict_json.loads_object(data)
    except JsonRefused:
        return None


class _Nothing:
    """A network that answers nothing, or, for some addresses, given pages."""

    def __init__(self, pages: Mapping[str, bytes] | None = None, otherwise: bytes | None = None) -> None:
        self._pages = pages or {}
        self._otherwise = otherwise

    async def __call__(self, url: str, *, accept: str, max_bytes: int) -> Fetched:  # noqa: ARG002 - as `Fetch` has it
        body = self._pages.get(url, self._otherwise)
        if body is None or len(body) > max_bytes:
            raise FetchRefused("unreachable", "There is nothing.")
        return Fetched(url, url, 200, "application/json", body, NOW, "0" * 64)


# --- texts --------------------------------------------------------------------------------------


def read_json(data: bytes) -> None:
    """Strict JSON: what it accepts, Python's own reader reads alike, and it is written back the same."""
    readable, plain = False, None
    with contextlib.suppress(UnicodeDecodeError):
        readable, plain = oracles.lenient_json(data.decode("utf-8"))
    try:
        value = strict_json.loads(data)
    except JsonRefused as error:
        require(not (readable and error.code in {"syntax", "not_utf8"}), f"{error.code}, and yet it is JSON")
        return
    require(readable and plain == value, "another reader reads something else")
    require(strict_json.loads(strict_json.dumps(value)) == value, "what is written reads otherwise")


def read_jcs(data: bytes) -> None:
    """JCS: canonical JSON says the same, is canonical again, and its members are in order."""
    try:
        value = strict_json.loads(data)
    except JsonRefused:
        return
    canonical = jcs.canonicalize(value)
    # Long integers are doubles that RFC 8785 writes without an exponent.
    again = json.loads(canonical, parse_int=lambda digits: float(digits) if len(digits) > 16 else int(digits))
    require(again == value, "the canonical form says something else")
    require(oracles.sorted_members(again), "members out of order")
    # A double beyond 2^53 is written without an exponent (RFC 8785, 3.2.2.3), as which it is not read again.
    with contextlib.suppress(JsonRefused):
        value = strict_json.loads(canonical)
        require(jcs.canonicalize(value) == canonical, "the canonical form is not canonical")


def read_dates(data: bytes) -> None:
    """Dates and times: as read field by field."""
    text = _text(data)
    require(dates.parse_date_time(text) == oracles.moment(text), f"{text!r} is another moment")
    require(dates.is_date(text) == oracles.day(text), f"{text!r} is a day, or is not")


def read_multibase(data: bytes) -> None:
    """Base 58, base64url, Multikey: as decoded letter by letter; one spelling for each value."""
    text = _text(data)
    with contextlib.suppress(KeyRefused):
        plain = multibase.base58btc_decode(text)
        require(plain == oracles.base58(text), "base 58 decodes otherwise")
        require(multibase.base58btc_encode(plain) == text, "base 58 has two spellings")
    require(
        multibase.base58btc_decode(multibase.base58btc_encode(data[:512])) == data[:512], "base 58 is lost"
    )
    with contextlib.suppress(KeyRefused):
        require(
            multibase.base64url_encode(multibase.base64url_decode(text)) == text,
            "base64url has two spellings",
        )
    for one in (text, f"z{text}", multibase.encode(data[:64]), multibase.encode(b"\xed\x01" + data[:32])):
        with contextlib.suppress(KeyRefused):
            require(multikey.encode(multikey.decode(one)) == one, "a Multikey has two spellings")
        with contextlib.suppress(KeyRefused):
            multikey.decode_secret(one)


# --- JSON-LD ------------------------------------------------------------------------------------


def read_jsonld(data: bytes) -> None:
    """JSON-LD to canonical RDF: the same whatever the order of members and quads, and as pyoxigraph has it."""
    document = _object(data)
    if document is None:
        return
    for compact in (True, False):
        try:
            quads = to_quads(document, STORE, budget=Budget(20_000), compact=compact)
            canonical = rdfc.canonicalize(quads, budget=Budget(20_000))
        except VcError:
            continue
        require(
            rdfc.canonicalize(quads[::-1], budget=Budget(40_000)) == canonical, "the order of quads matters"
        )
        other = to_quads(_reversed(document), STORE, budget=Budget(40_000), compact=compact)
        require(rdfc.canonicalize(other, budget=Budget(60_000)) == canonical, "the order of members matters")
        _as_oxigraph(quads, canonical)


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _reversed(value[name]) for name in reversed(list(value))}
    return [_reversed(one) for one in value] if isinstance(value, list) else value


def _as_oxigraph(quads: list[Any], canonical: str) -> None:
    blanks = {term for quad in quads for term in quad if term.startswith("_:")}
    if len(blanks) > 5 or len(quads) > 60:
        return  # without a budget, it may take minutes
    for term in {term for quad in quads for term in quad if term.startswith("<")}:
        require(_IRI.fullmatch(term) is not None, f"{term!r} cannot stand in N-Quads")
    text = "".join(rdfc.line(quad, {}) for quad in quads)
    try:
        # Lenient: whether an IRI has a sensible port is not for JSON-LD to say.
        parsed = list(pyoxigraph.parse(text, format=pyoxigraph.RdfFormat.N_QUADS, lenient=True))
    except SyntaxError as error:
        raise Broken(f"what is to be signed is no N-Quads: {error}") from error
    dataset = pyoxigraph.Dataset(parsed)
    dataset.canonicalize(pyoxigraph.CanonicalizationAlgorithm.RDFC_1_0)
    written = pyoxigraph.serialize(dataset, format=pyoxigraph.RdfFormat.N_QUADS) or b""
    theirs = sorted(line + "\n" for line in written.decode().split("\n") if line)
    # Of graphs whose names are blank nodes that look alike, pyoxigraph and PyLD think differently.
    agreed = "".join(theirs) == canonical or pyld_canonical(text) == canonical
    require(agreed, "the canonical form is neither pyoxigraph's nor PyLD's")


# --- signatures ---------------------------------------------------------------------------------


def read_jwt(data: bytes) -> None:
    """JWS, JWT, presentations as JWT: from texts, and from any header and payload in their encoding."""
    head, _, tail = data.partition(b"\0")
    made = ".".join(multibase.base64url_encode(part) for part in (head, tail, b"s"))
    for token in (_text(data), made):
        for parse in (jws.parse, jwt.parse, presentation_jwt.parse):
            with contextlib.suppress(VcError):
                parse(token)
        with contextlib.suppress(VcError):
            taken = jwt.parse(token)
            jwt._check_claims(taken) if taken.profile != "vc-jose" else jwt._check_signature_times(
                taken, NOW, timedelta(seconds=60)
            )


def read_sd_jwt(data: bytes) -> None:
    """SD-JWT: from texts, and from payload and disclosures whose digests fit."""
    tokens = [_text(data)]
    head, *rest = data.split(b"\0")
    payload = _object(head)
    if payload is not None:
        shown = [multibase.base64url_encode(one) for one in rest[:20]]
        digests = [sd_jwt._digest(one) for one in shown]
        filled = strict_json.dumps(payload).decode()
        for number, digest in enumerate(digests):
            filled = filled.replace(f"#{number}", digest)
        header = multibase.base64url_encode(b'{"alg":"EdDSA","typ":"vc+sd-jwt"}')
        body = multibase.base64url_encode(filled.encode())
        tokens.append("~".join([f"{header}.{body}.AA", *shown, ""]))
    for token in tokens:
        with contextlib.suppress(VcError):
            taken = sd_jwt.parse(token)
            require(len(taken.places) == len(taken.disclosures), "a disclosure went nowhere")
            sd_jwt.verify_binding(taken, now=NOW, skew=timedelta(seconds=60))


def read_sd_values(data: bytes) -> None:
    """Proof values of ecdsa-sd-2023: one spelling for each value."""
    for value in (
        _text(data),
        "u" + multibase.base64url_encode(ecdsa_sd_values.BASE + data),
        "u" + multibase.base64url_encode(ecdsa_sd_values.DERIVED + data),
    ):
        with contextlib.suppress(ProofInvalid):
            base = ecdsa_sd_values.parse_base(value)
            parts = [
                base.signature,
                base.public_key,
                base.hmac_key,
                list(base.signatures),
                list(base.mandatory),
            ]
            require(ecdsa_sd_values.encoded(ecdsa_sd_values.BASE, parts) == value, "two spellings")
        with contextlib.suppress(ProofInvalid):
            derived = ecdsa_sd_values.parse_derived(value)
            parts = [derived.signature, derived.public_key, list(derived.signatures)]
            parts += [dict(derived.labels), list(derived.mandatory)]
            require(ecdsa_sd_values.encoded(ecdsa_sd_values.DERIVED, parts) == value, "two spellings")


def read_did(data: bytes) -> None:
    """Addresses of keys, DIDs, and the documents behind them: the address, a line end, the document."""
    head, _, page = data.partition(b"\n")
    url = _text(head)
    with contextlib.suppress(KeyProblem):
        address = did_web_url(url)
        require(address.startswith(("https://", "http://localhost")), "a DID leads elsewhere")
        require(address.endswith("/did.json") and "/../" not in address, "a DID leads elsewhere")
    for jwk in (False, True):
        with contextlib.suppress(KeyProblem):
            found = finished(retrieve(url, _Nothing(otherwise=page), now=NOW, jwk=jwk))
            require(found.method.partition("#")[0] != "" and found.key is not None, "a key of nobody")
    document = _object(page)
    if document is not None:
        with contextlib.suppress(KeyProblem):
            find_method(document, url, now=NOW)
        with contextlib.suppress(VcError):
            PublicKey.from_jwk(document)
        with contextlib.suppress(VcError):
            PublicKey.from_pem(str(document.get("publicKeyPem")))


# --- images and lists ---------------------------------------------------------------------------


def read_png(data: bytes) -> None:
    """PNG: what is baked into an image that is read is what comes out of it."""
    _image(b"\x89PNG\r\n\x1a\n" + data, bake_png)
    _image(data, bake_png)


def read_svg(data: bytes) -> None:
    """SVG: likewise."""
    _image(data, bake_svg)
    _image(
        b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:o="https://purl.imsglobal.org/ob/v3p0">' + data,
        bake_svg,
    )


def _image(data: bytes, bake: Any) -> None:
    with contextlib.suppress(Unrecognised, ImageRefused):
        extract(data)
    for credential in ('{"a": "b]]> <&"}', "YQ.YQ.YQ"):
        try:
            baked = bake(data, credential, OPEN_BADGES_3)
        except ImageRefused:
            continue
        try:
            found = extract(baked).text
        except ImageRefused as error:
            raise Broken(f"what was baked cannot be read: {error.reason}") from error
        require(found == credential, "another credential comes out")
        require(bake(baked, credential, OPEN_BADGES_3) == baked, "baking again changes the image")


def read_status(data: bytes) -> None:
    """Status lists: any text, and the GZIP of any bytes; entries and lists as JSON."""
    for encoded in (
        _text(data),
        "u" + multibase.base64url_encode(data),
        "u" + multibase.base64url_encode(_packed(data)),
    ):
        with contextlib.suppress(StatusRefused):
            bits = status.decode(encoded)
            require(len(bits) <= status.MAXIMUM_BITS, "a list beyond the limit")
            require(bits.to_bytes() == _unpacked(encoded), "GZIP says something else")
    document = _object(data)
    if document is not None:
        with contextlib.suppress(StatusRefused):
            status.read_list(document, status.read_entry(document))
        with contextlib.suppress(StatusRefused):
            status.read_revocation_list(document, "https://school.example/1")
        status.time_to_live(document)


def _packed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def _unpacked(encoded: str) -> bytes:
    text = encoded.removeprefix("u").rstrip("=")
    try:
        return gzip.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (OSError, EOFError, zlib.error) as error:
        raise Broken(f"what was read is no GZIP: {error}") from error


def read_schema(data: bytes) -> None:
    """JSON Schemas of strangers: the schema, a NUL, what is held against it."""
    first, _, second = data.partition(b"\0")
    schema, document = _object(first), _object(second)
    if schema is not None:
        with contextlib.suppress(VcError):
            json_schema.misfits(schema, document or {"a": [1, "b"]}, budget=Budget(20_000), most=5)


# --- the whole ----------------------------------------------------------------------------------


def read_open_badges_2(data: bytes) -> None:
    """Open Badges 2.0: the assertion, and after line ends what its host answers, whatever is asked."""
    assertion, *pages = data.split(b"\n\n")
    named = {f"https://a.example/{number}": page for number, page in enumerate(pages)}
    _verified(assertion, _Nothing(named, otherwise=pages[-1] if pages else assertion))


def read_anything(data: bytes) -> None:
    """The whole verification, over a network that answers nothing."""
    _verified(data, _Nothing())


def read_presentation(data: bytes) -> None:
    """Presentations, over a network that answers nothing."""
    with contextlib.suppress(Unrecognised):
        report = finished(
            verify_presentation(
                data, fetcher=_Nothing(), contexts=STORE, now=NOW, challenge="c", domain="d", limits=LIMITS
            )
        )
        json.dumps(report.to_json(), allow_nan=False)


def _verified(data: bytes, fetcher: _Nothing) -> None:
    with contextlib.suppress(Unrecognised):
        report = finished(verify(data, fetcher=fetcher, contexts=STORE, now=NOW, limits=LIMITS))
        json.dumps(report.to_json(), allow_nan=False)


TARGETS: Mapping[str, Target] = {
    "json": read_json,
    "jsonld": read_jsonld,
    "jcs": read_jcs,
    "jwt": read_jwt,
    "sd_jwt": read_sd_jwt,
    "sd_values": read_sd_values,
    "multibase": read_multibase,
    "did": read_did,
    "png": read_png,
    "svg": read_svg,
    "status": read_status,
    "schema": read_schema,
    "ob2": read_open_badges_2,
    "dates": read_dates,
    "verify": read_anything,
    "presentation": read_presentation,
}


def described() -> Iterator[str]:
    for name, target in TARGETS.items():
        yield f"{name:14}{(target.__doc__ or '').strip()}"
