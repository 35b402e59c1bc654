"""What the VC-JOSE-COSE suite runs: `python -m tests.suites.jose_cose PLACE compose … run --rm NAME issue|verify …`.

Issuing goes through `shared.vc` with the key that the suite hands over; verifying through the answer that the VC API
gives, on a network in which the suite's issuer publishes its keys.
"""

import argparse
import asyncio
import base64
import hashlib
import json
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.verifier.vc_api.requests import VERIFIED, answered
from shared.vc import strict_json
from shared.vc.contexts import CREDENTIALS_V2, ContextStore
from shared.vc.errors import VcError
from shared.vc.fetching import Fetched, FetchRefused
from shared.vc.keys import Algorithm, SigningKey
from shared.vc.model import check
from shared.vc.multibase import base64url_decode
from shared.vc.proofs import cose, jwt, presentation_jwt, sd_jwt
from tests.suites.stack import pinned_contexts

NOW = datetime(2024, 12, 16, 1, 30, tzinfo=UTC)
"""When the suite's files were made: the presentations among them expired a day later (`exp`), and stay expired."""
_MEDIA = {"jose": "jwt", "sdjwt": "sd-jwt", "cose": "cose;base64"}
_STEP = re.compile(r"[^.\[\]]+")
Json = dict[str, Any]


def main(arguments: Sequence[str]) -> None:
    """Answer one call; the result goes where the suite looks for it."""
    place, *rest = arguments
    asked = _parsed(rest[rest.index("--rm") + 2 :])
    inside = lambda path: Path(place) / path.lstrip("/")  # noqa: E731  (the container's `/tests` is the checkout's)
    given = inside(asked.input).read_text().strip()
    method: Json = json.loads(inside(asked.key).read_bytes())
    what, how = asked.feature.split("_")
    with tempfile.TemporaryDirectory() as folder:
        contexts = ContextStore.builtin(pinned_contexts(Path(folder) / "contexts"))
    try:
        if asked.function == "issue":
            result, data = "success", issued(given, method, what, how, json.loads(asked.sd or "[]"), contexts)
        else:
            result, data = asyncio.run(verified(given, method, what, how, contexts, inside("/tests/input")))
    except (VcError, ValueError) as refused:
        result, data = "failure", str(refused)
    inside(asked.output).write_text(json.dumps({"result": result, "data": data}))


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("function", choices=["issue", "verify"])
    for name in ("input", "key", "feature", "output", "sd"):
        parser.add_argument(f"--{name}")
    return parser.parse_args(arguments)


def issued(text: str, method: Json, what: str, how: str, paths: Sequence[str], contexts: ContextStore) -> str:
    """The document secured with the verification method's key. Raises VcError, ValueError."""
    document: Json = strict_json.loads_object(text)
    faults = [one.reason for one in check(document) if one.severity == "error"]
    if faults:
        raise ValueError("; ".join(faults))
    key, kid = _signing_key(method["secretKeyJwk"]), str(method["id"])
    pointers = ["/" + "/".join(_STEP.findall(path)) for path in paths]
    match what, how:
        case "credential", "jose":
            return jwt.sign(document, key=key, kid=kid, profile="vc-jose", issued_at=NOW, store=contexts)
        case "credential", "sdjwt":
            return sd_jwt.sign(document, key=key, kid=kid, selective=pointers, issued_at=NOW, store=contexts)
        case "presentation", "jose":
            return presentation_jwt.sign(document, key=key, kid=kid, issued_at=NOW)
        case "presentation", "sdjwt":
            return sd_jwt.sign_presentation(document, key=key, kid=kid, selective=pointers, issued_at=NOW)
        case _:
            kind: cose.Kind = "vc" if what == "credential" else "vp"
            return base64.b64encode(cose.sign(document, key=key, kid=kid, kind=kind)).decode()


async def verified(
    text: str, method: Json, what: str, how: str, contexts: ContextStore, inputs: Path
) -> tuple[str, str]:
    """Whether it holds, and the verifier's answer."""
    document = _document(text, what, how)
    asked = {"presentation": what == "presentation", "proofless": False, "options": {}}
    verdict, answer = await answered(
        strict_json.dumps(document),
        asked,
        fetcher=_Network(method, inputs, everybody=what == "presentation"),
        contexts=contexts,
        now=NOW,
        proven=None,
    )
    return "success" if verdict == VERIFIED else "failure", answer.decode()


def _document(text: str, what: str, how: str) -> Json:
    """What was secured, in the envelope that the VC API takes it in; JSON as it is."""
    if text.startswith("{"):
        return strict_json.loads_object(text)
    kind, name = ("vc", "Credential") if what == "credential" else ("vp", "Presentation")
    return {
        "@context": [CREDENTIALS_V2],
        "type": f"EnvelopedVerifiable{name}",
        "id": f"data:application/{kind}+{_MEDIA[how]},{text}",
    }


class _Network:
    """Where the controller of the suite's keys publishes them.

    The key handed over for the call is the one to sign or to authenticate with; what a presentation holds was signed with
    any of them.
    """

    def __init__(self, method: Json, inputs: Path, *, everybody: bool) -> None:
        files = sorted(inputs.glob("vm-*.json")) if everybody else []
        methods = {each["id"]: each for each in (method, *(json.loads(file.read_bytes()) for file in files))}
        controller = method["controller"]
        public = [
            {name: value for name, value in each.items() if name != "secretKeyJwk"}
            for each in methods.values()
            if each["controller"] == controller
        ]
        self._url = controller
        self._body = json.dumps(
            {
                "id": controller,
                "verificationMethod": public,
                "assertionMethod": [each["id"] for each in public],
                "authentication": [method["id"]],
            }
        ).encode()

    async def __call__(self, url: str, *, accept: str, max_bytes: int) -> Fetched:
        del accept, max_bytes
        if url != self._url:
            raise FetchRefused("not_found", f"There is nothing at {url}.", status=404)
        digest = hashlib.sha256(self._body).hexdigest()
        return Fetched(url, url, 200, "application/cid", self._body, NOW, digest, False)


def _signing_key(jwk: Mapping[str, str]) -> SigningKey:
    algorithm = Algorithm(jwk["crv"])
    return SigningKey.from_secret(algorithm, base64url_decode(jwk["d"]))


if __name__ == "__main__":
    main(sys.argv[1:])
