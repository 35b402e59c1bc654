"""What others say of each badge: four libraries, each asked through what its documentation offers."""

import json
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.vc.contexts import OPEN_BADGES_3, ContextStore
from tests.conformance.formats import CHALLENGE, DOMAIN, Sample, Secured
from tests.conformance.peers import HERE, ask_node

Json = dict[str, Any]
Answer = str | None
"""What a peer has against a badge, in its own words; `None` when it accepts it."""
Request = tuple[Sample, Secured, Mapping[str, Any]]


class NotForIt(Exception):
    """The peer has nothing that takes input of this kind; the reason says what it takes."""


class Judge:
    """A peer: its name with its version, and what it answers to each request."""

    name: str

    def answers(self, requests: Sequence[Request]) -> list[Answer | NotForIt]:
        return [self._guarded(*request) for request in requests]

    def _guarded(self, sample: Sample, secured: Secured, documents: Mapping[str, Any]) -> Answer | NotForIt:
        try:
            self.judge(sample, secured, documents)
        except NotForIt as problem:
            return problem
        except Exception as problem:  # noqa: BLE001 - whatever a foreign library raises is its refusal
            return f"{type(problem).__name__}: {problem}"
        return None

    def judge(self, sample: Sample, secured: Secured, documents: Mapping[str, Any]) -> None:
        """Returns when the peer accepts, raises when it does not."""
        raise NotImplementedError


class _OnNode(Judge):
    package: str
    runner: str

    def __init__(self) -> None:
        pinned = json.loads((HERE / "package.json").read_bytes())["dependencies"]
        self.name = f"{self.package} {pinned[self.package]}"

    def answers(self, requests: Sequence[Request]) -> list[Answer | NotForIt]:
        asked = [self.request(*request) for request in requests]
        told = iter(ask_node([one for one in asked if isinstance(one, dict)], runner=self.runner))
        return [one if isinstance(one, NotForIt) else _refusal(next(told)) for one in asked]

    def request(self, sample: Sample, secured: Secured, documents: Mapping[str, Any]) -> Json | NotForIt:
        if not isinstance(secured, dict):
            return NotForIt("takes JSON-LD only")
        if any(isinstance(page, str) for page in documents.values()):
            return NotForIt("takes JSON-LD only")
        request: Json = {"op": "verify", "credential": secured, "documents": dict(documents)}
        if sample.kind == "presentation":
            request |= {"challenge": CHALLENGE, "domain": DOMAIN}
        return request


def _refusal(answer: Mapping[str, Any]) -> Answer:
    if any(answer.get("statuses") or []):
        return "status: the bit is set"
    return None if answer["verified"] else str(answer["error"])


class DigitalBazaar(_OnNode):
    package, runner = "@digitalbazaar/vc", "peer.mjs"

    def request(self, sample: Sample, secured: Secured, documents: Mapping[str, Any]) -> Json | NotForIt:
        request = super().request(sample, secured, documents)
        if isinstance(request, dict):
            request["check_status"] = bool(documents)
        return request


class VerifierCore(_OnNode):
    package, runner = "@digitalcredentials/verifier-core", "core.mjs"


class OpenBadgesLib(Judge):
    def __init__(self) -> None:
        self.name = f"openbadgeslib {version('openbadgeslib')}"
        self._library = import_module("openbadgeslib.ob3")

    def judge(self, sample: Sample, secured: Secured, documents: Mapping[str, Any]) -> None:
        if sample.kind.startswith("presentation"):
            raise NotForIt("has no presentations")
        if isinstance(secured, bytes):
            extract = self._library.OB3Verifier
            found = (
                extract.extract_token_from_png
                if secured.startswith(b"\x89PNG")
                else extract.extract_token_from_svg
            )(secured)
            secured = json.loads(found) if found.startswith("{") else found
        how: Json = {}
        if sample.kind == "status":
            how = {"check_status": True, "download": _download(documents)}
        if isinstance(secured, dict):
            self._library.OB3LdpVerifier().verify(secured, **how)
        elif sample.kind == "endorsement-jwt":
            self._library.verify_endorsement_jwt(secured)
        else:
            pem = sample.key.public._key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            self._library.OB3Verifier(pem).verify(secured, **how)


def _download(documents: Mapping[str, Any]) -> Callable[[str], bytes]:
    def download(url: str) -> bytes:
        page = documents[url.partition("#")[0]]
        return page.encode() if isinstance(page, str) else json.dumps(page).encode()

    return download


class OpenVc(Judge):
    def __init__(self) -> None:
        self.name = f"openvc-core {version('openvc-core')}"
        self._verify = import_module("openvc.verify")
        self._resolvers = import_module("openvc.resolvers")
        # It brings the W3C's context only.
        self._contexts = {OPEN_BADGES_3: ContextStore.builtin().get(OPEN_BADGES_3).document}

    def judge(self, sample: Sample, secured: Secured, documents: Mapping[str, Any]) -> None:
        if isinstance(secured, bytes):
            raise NotForIt("reads no images")
        resolver = self._verify.default_resolver()
        if sample.kind == "presentation":
            self._presentation(secured, resolver)
        elif sample.kind == "presentation-jwt":
            suite = import_module("openvc.proof.vp_jwt").VpJwtProofSuite()
            suite.verify(
                secured, audience=DOMAIN, nonce=CHALLENGE, resolver=resolver, extra_contexts=self._contexts
            )
        else:
            policy = self._verify.VerificationPolicy(require_status=bool(documents))
            lists = self._resolvers.default_status_list_resolver(
                fetch=lambda url: _download(documents)(url).decode(), extra_contexts=self._contexts
            )
            self._verify.verify_credential(
                secured,
                policy=policy,
                resolver=resolver,
                resolve_status_list=lists if documents else None,
                extra_contexts=self._contexts,
            )

    def _presentation(self, secured: Any, resolver: Any) -> None:
        suite = import_module("openvc.proof.data_integrity").DataIntegrityProofSuite()
        how: Json = {
            "expected_challenge": CHALLENGE,
            "expected_domain": DOMAIN,
            "extra_contexts": self._contexts,
        }
        suite.verify(secured, resolver=resolver, expected_proof_purpose="authentication", **how)
        for credential in secured["verifiableCredential"]:
            self._verify.verify_credential(credential, resolver=resolver, extra_contexts=self._contexts)


JUDGES: tuple[type[Judge], ...] = (DigitalBazaar, VerifierCore, OpenBadgesLib, OpenVc)
