"""The formats in which badges are signed (Open Badges 3.0, Proof Formats): what each takes and gives (ADR 0009)."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field

from shared.vc.keys import Algorithm

ProofFormat = Literal["eddsa-rdfc-2022", "ecdsa-sd-2023", "jwt-rs256", "jwt-es256"]
KeyAlgorithm = Literal["Ed25519", "P-256", "RSA"]

JSON_LD: Final = "application/vc"
JWT: Final = "application/vc+jwt"
DEFAULT: Final[ProofFormat] = "eddsa-rdfc-2022"

ProofFormatField = Annotated[
    ProofFormat,
    Field(
        description="How badges are signed. `eddsa-rdfc-2022`: a proof inside the JSON-LD. `ecdsa-sd-2023`: the same, and "
        "its holder chooses which parts to show. `jwt-rs256`, `jwt-es256`: a compact JWT, for wallets that take nothing else."
    ),
]


@dataclass(frozen=True, slots=True)
class Format:
    """One way of signing: with which kind of key, and what comes of it."""

    name: ProofFormat
    algorithm: Algorithm
    media_type: str

    @property
    def is_jwt(self) -> bool:
        return self.media_type == JWT

    @property
    def is_selective(self) -> bool:
        """Whether the holder gets a base proof, from which she derives what she shows."""
        return self.name == "ecdsa-sd-2023"


FORMATS: Final[dict[ProofFormat, Format]] = {
    each.name: each
    for each in (
        Format("eddsa-rdfc-2022", Algorithm.ED25519, JSON_LD),
        Format("ecdsa-sd-2023", Algorithm.P256, JSON_LD),
        Format("jwt-rs256", Algorithm.RSA, JWT),
        Format("jwt-es256", Algorithm.P256, JWT),
    )
}


def format_named(name: str) -> Format:
    """The format of a stored name."""
    return FORMATS[name]  # type: ignore[index]  # only these names are ever written
