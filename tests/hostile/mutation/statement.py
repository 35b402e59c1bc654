"""Whether a change left what was signed as it was: shown mechanically, by means other than the verifier's own.

RDF proofs: the canonical N-Quads of the document, as PyLD makes them, and those of the options of each proof that
held, are the same, and so is its value (or, of ECDSA, the other of the two signatures that fit the same data). JCS
proofs: the JSON is equal. JWS: the same signing input. Images: the same text comes out.
"""

import json
from functools import lru_cache
from typing import Any

import cbor2

from shared.vc import multibase, strict_json
from shared.vc.baking import extract
from shared.vc.contexts import ContextStore
from shared.vc.errors import VcError
from shared.vc.jsonld import to_quads
from shared.vc.proofs.ecdsa_sd_values import DERIVED
from tests.unit.vc.oracles import OracleRefuses, pyld

from .changes import twins
from .judging import Json, Judgement, Sample
from .places import at

_LEGACY = ["https://www.w3.org/2018/credentials/v1", "https://w3id.org/security/suites/ed25519-2020/v1"]


HOSTS_WORD = "what a host publishes is not signed: it is the host's word"


def preserved(sample: Sample, original: Judgement, data: bytes, changed: Judgement) -> str | None:
    """Why the change leaves the statement as it was, in words; None when it does not."""
    if sample.form.startswith("page"):
        return HOSTS_WORD
    if sample.form.startswith("Open Badges 2.0 hosted"):
        # The copy at hand counts for nothing: `says` has the digests of what its host answered.
        return "of a hosted badge, only what its host answers counts"
    if sample.shape in {"png", "svg"}:
        before, after = extract(sample.data).text, extract(data).text
        if before == after:
            return "the picture around the credential is not signed"
        return (
            _of_token(before, after) if "{" not in before else _of_json(before, after, changed, sample.store)
        )
    if sample.shape in {"jwt", "sd-jwt"}:
        return _of_token(sample.data.decode(), data.decode())
    return _of_json(sample.data.decode(), data.decode(), changed, sample.store)


def _of_json(before: str, after: str, changed: Judgement, store: ContextStore) -> str | None:
    given, now = strict_json.loads(before), strict_json.loads(after.removeprefix("\ufeff").strip())
    if _written(given) == _written(now):
        return "the same JSON, spelled otherwise"
    if "Enveloped" in str(given.get("type")):
        if now.get("id") == given["id"]:
            return "what stands beside the JWS in an envelope says nothing"
        return "white space around the token" if str(now.get("id")).strip() == given["id"] else None
    return _of_document(given, now, changed, store)


def _of_token(given: str, now: str) -> str | None:
    if now.strip().removeprefix("\ufeff") == given:
        return "white space around the token"
    (first, *shown, binding), (second, *shows, bound) = (
        given.split("~") if "~" in given else [given, ""],
        (now.strip().split("~") if "~" in now else [now, ""]),
    )
    if first == second and shows == shown and binding.rpartition(".")[0] == bound.rpartition(".")[0] != "":
        first, second = binding, bound
    elif first == second:
        if shown and set(shows) <= set(shown) and bound in {binding, ""}:
            return (
                "the holder shows less"
                if len(shows) < len(shown)
                else "the order of disclosures, or no key binding"
            )
        return None
    (data, _, signature), (other, _, fits) = first.rpartition("."), second.rpartition(".")
    if data != other or shown != shows:
        return None
    decode = multibase.base64url_decode
    return (
        "the other signature of ECDSA for the same data" if decode(fits) in twins(decode(signature)) else None
    )


def _of_document(given: Json, now: Json, changed: Judgement, store: ContextStore) -> str | None:
    document = changed.document or now
    before = _proofs(given)
    # Which proofs held is not told of a status list: one of those that were there has to be there still.
    held = _objects([_proof_at(document, pointer) for pointer in changed.proven]) or [
        one for one in _proofs(document) if _proof_kept(one, before, document, given, store) is not None
    ]
    reasons = {_proof_kept(one, before, document, given, store) for one in held}
    if not held or None in reasons:
        return None
    if any("-jcs-" in str(one.get("cryptosuite")) for one in held):
        same = _json_signed(document, held[0]) == _json_signed(given, held[0])
        how = "JSON" if same else None
    else:
        how = (
            "RDF" if _canonical(_unsecured(document), store) == _canonical(_unsecured(given), store) else None
        )
    if how is None:
        return None
    twin = next((one for one in reasons if one), "")
    return twin or _why(given, document, how)


def _why(given: Json, now: Json, how: str) -> str:
    if given.get("proof") != now.get("proof") and _unsecured(given) == _unsecured(now):
        return "a proof written in another place, or another proof beside the one that holds"
    if given.get("@context") != now.get("@context"):
        if how == "JSON":
            return "a context after those that were signed, which JCS proofs leave open (vc-di-eddsa, 3.3.2)"
        return "a context that changes no term used (RDF as before)"
    return f"another spelling of the same statements ({how} as before)"


def _proofs(document: Json) -> list[Json]:
    return _objects([document.get("proof")])


def _objects(values: list[Any]) -> list[Json]:
    flat = [item for one in values for item in (one if isinstance(one, list) else [one])]
    return [one for one in flat if isinstance(one, dict)]


def _proof_at(document: Json, pointer: str) -> Any:
    return at(document, tuple(int(one) if one.isdigit() else one for one in pointer.split("/")[1:]))


def _proof_kept(
    proof: Json, before: list[Json], document: Json, given: Json, store: ContextStore
) -> str | None:
    """Why this proof is one of those that were there: "" for the very same; None if it is none of them."""
    for one in before:
        if _options(proof, document, store) != _options(one, given, store):
            continue
        if proof.get("proofValue") == one["proofValue"]:
            return ""
        same = _either_half(proof.get("proofValue")) == _either_half(one["proofValue"])
        if same and "ecdsa" in one.get("cryptosuite", ""):
            return "the other signature of ECDSA for the same data"
    return None


def _either_half(value: object) -> Any:
    """A proof value with each ECDSA signature as that of the two that comes first."""
    try:
        data = multibase.decode(str(value))
    except VcError:
        return None
    if data[:3] == DERIVED:
        base, public, signatures, *rest = cbor2.loads(data[3:])
        return [_first_half(base), public, [_first_half(one) for one in signatures], *rest]
    return _first_half(data)


def _first_half(signature: bytes) -> bytes:
    return min(signature, next(twins(signature), signature))


def _options(proof: Json, document: Json, store: ContextStore) -> object:
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    if "-jcs-" in str(proof.get("cryptosuite")):
        return _written(options)
    context = _LEGACY if proof.get("type") == "Ed25519Signature2020" else document.get("@context")
    return _canonical({**options, "@context": context}, store)


def _json_signed(document: Json, proof: Json) -> str:
    """With the contexts of the proof, which the document's may go on after (vc-di-eddsa, 3.3.2)."""
    return _written({**_unsecured(document), "@context": proof.get("@context")})


def _written(value: Any) -> str:
    """JSON as JCS understands it: the order of members, and how a number is spelled, say nothing."""

    def plain(one: Any) -> Any:
        if isinstance(one, dict):
            return {name: plain(inner) for name, inner in one.items()}
        if isinstance(one, list):
            return [plain(inner) for inner in one]
        return int(one) if isinstance(one, float) and one.is_integer() else one

    return json.dumps(plain(value), sort_keys=True)


def _unsecured(document: Json) -> Json:
    return {name: value for name, value in document.items() if name != "proof"}


def _canonical(document: Json, store: ContextStore) -> object:
    """PyLD's, for a document that our safe mode lets pass (PyLD drops what is undefined without a word)."""
    return _canonical_text(json.dumps(document), store)


@lru_cache(maxsize=64)  # that of the unchanged document is asked for again and again
def _canonical_text(text: str, store: ContextStore) -> object:
    document = json.loads(text)
    try:
        to_quads(document, store)
        return pyld(document, store)
    except (OracleRefuses, VcError):
        return object()  # equal to nothing


def unordered(value: Any) -> Any:
    """What a report says, without the order of its lists: RDF has sets only."""
    if isinstance(value, dict):
        return {name: unordered(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return sorted((unordered(inner) for inner in value), key=lambda one: json.dumps(one, sort_keys=True))
    return value


def less(some: Any, whole: Any) -> bool:
    """Whether everything that `some` says is said in `whole` as well."""
    if isinstance(some, dict):
        return isinstance(whole, dict) and all(less(inner, whole.get(name)) for name, inner in some.items())
    if isinstance(some, (list, tuple)):
        return isinstance(whole, (list, tuple)) and all(
            any(less(inner, one) for one in whole) for inner in some
        )
    return some is None or some == whole
