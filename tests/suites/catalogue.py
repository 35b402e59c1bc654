"""Which suites there are, what each wants of an implementation, and what of it stands where in their checkouts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Engine = Literal["http", "command"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a suite is told of one issuer or verifier of ours.

    `securing` and `algorithm`: of the instance that issues. `tags`: by which the suite finds it. `key_types`: under
    `settings`, of the ECDSA suite.
    """

    tags: tuple[str, ...]
    securing: str = ""
    algorithm: str | None = None
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Suite:
    """One suite. `repository` on GitHub, whose name is that of its folder; `files`: what mocha runs.

    `holder`: the name under which it looks for a holder (the endpoints of `holders`), if for none other.
    """

    name: str
    repository: str
    issuers: tuple[Endpoint, ...] = ()
    verifiers: tuple[Endpoint, ...] = ()
    presentation_verifiers: tuple[Endpoint, ...] = ()
    holders: tuple[Endpoint, ...] = ()
    holder: str | None = None
    engine: Engine = "http"
    files: str = "tests"

    @property
    def folder(self) -> str:
        return self.repository.rpartition("/")[2]


def _either(
    *tags: str, securing: str = "eddsa-rdfc-2022", algorithm: str | None = None
) -> tuple[Endpoint, ...]:
    return (Endpoint(tags, securing, algorithm),)


_BOTH = {"vc": ["1.1", "2.0"]}
SUITES: tuple[Suite, ...] = (
    Suite(
        "data model 2.0",
        "w3c/vc-data-model-2.0-test-suite",
        # Some of its names have a base direction, which no RDF-based cryptosuite can sign without losing it.
        issuers=(
            Endpoint(("vc2.0",), "eddsa-jcs-2022"),
            Endpoint(("EnvelopingProof",), "vc+jwt", "P-256"),
        ),
        verifiers=_either("vc2.0", "EnvelopingProof"),
        presentation_verifiers=_either("vc2.0", "EnvelopingProof"),
    ),
    Suite(
        "Data Integrity EdDSA",
        "w3c/vc-di-eddsa-test-suite",
        issuers=(
            Endpoint(("eddsa-rdfc-2022",), "eddsa-rdfc-2022"),
            Endpoint(("eddsa-jcs-2022",), "eddsa-jcs-2022"),
        ),
        verifiers=(Endpoint(("eddsa-rdfc-2022", "eddsa-jcs-2022")),),
    ),
    Suite(
        "Data Integrity ECDSA",
        "w3c/vc-di-ecdsa-test-suite",
        issuers=tuple(
            Endpoint((suite,), suite, curve, {"supportedEcdsaKeyTypes": [curve], "supports": _BOTH})
            for suite, curves in (
                ("ecdsa-rdfc-2019", ("P-256", "P-384")),
                ("ecdsa-jcs-2019", ("P-256", "P-384")),
                ("ecdsa-sd-2023", ("P-256",)),
            )
            for curve in curves
        ),
        verifiers=tuple(
            Endpoint((suite,), settings={"supportedEcdsaKeyTypes": curves, "supports": _BOTH})
            for suite, curves in (
                ("ecdsa-rdfc-2019", ["P-256", "P-384"]),
                ("ecdsa-jcs-2019", ["P-256", "P-384"]),
                ("ecdsa-sd-2023", ["P-256"]),
            )
        ),
        holders=(Endpoint(("vcHolder",), "ecdsa-sd-2023"),),
        holder="Digital Bazaar",
    ),
    Suite(
        "Bitstring Status List",
        "w3c/vc-bitstring-status-list-test-suite",
        issuers=(Endpoint(("BitstringStatusList",), "eddsa-rdfc-2022", settings={"status": True}),),
        verifiers=_either("BitstringStatusList"),
    ),
    Suite("VC-JOSE-COSE", "w3c/vc-jose-cose-test-suite", engine="command"),
    Suite("VC-API issuer", "w3c-ccg/vc-api-issuer-test-suite", issuers=_either("vc-api")),
    Suite("VC-API verifier", "w3c-ccg/vc-api-verifier-test-suite", verifiers=_either("vc-api")),
)

IMPLEMENTATIONS: Mapping[str, str] = {
    "w3c/vc-test-suite-implementations": "vc-test-suite-implementations",
    "w3c-ccg/vc-test-suite-implementations": "ccg-implementations",
    "w3c-ccg/data-integrity-test-suite-assertion": "data-integrity-test-suite-assertion",
}
"""What the suites depend on that no registry has: repository -> the folder of its checkout."""
