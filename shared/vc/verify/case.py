"""A credential under verification, and what every step needs beside it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from shared.vc.budget import Budget
from shared.vc.contexts import ContextStore
from shared.vc.policy import Policy
from shared.vc.proofs.jwt import CredentialJwt
from shared.vc.proofs.sd_jwt import SdJwt
from shared.vc.report import Check
from shared.vc.strict_json import JsonObject

from .limits import Limits
from .sources import Sources

if TYPE_CHECKING:
    from .proven import ProvenLists

Family = Literal["ob3", "clr2", "vc", "ob2"]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stays the same for a badge, its status lists and its endorsements.

    `proven` remembers status lists across verifications.
    `as_holder`: base proofs of `ecdsa-sd-2023`, which are not for verifiers, are verified as well.
    """

    sources: Sources
    contexts: ContextStore
    now: datetime
    policy: Policy
    limits: Limits
    budget: Budget
    as_holder: bool = False
    proven: "ProvenLists | None" = None


@dataclass(frozen=True, slots=True)
class Expected:
    """What a proof has to say beside holding, where the caller asked somebody for it.

    `any_controller`: a key that is not the issuer's is tried as well. That it is somebody else's stays a failed check;
    but the report then tells whether its signature holds.
    """

    challenge: str | None = None
    domain: str | None = None
    any_controller: bool = False


NOTHING_EXPECTED = Expected()


@dataclass(slots=True)
class Case:
    """One credential: as parsed, the text it came from, and the checks made so far.

    `token` is the compact JWS (or COSE, in Base64) it was wrapped in, if any, and `jwt` that JWS taken apart, `sd_jwt` with its
    disclosures. `view` is the badge in
    the words of Open Badges 3.0 when it is of an older version. `expected` is of this one credential, not of its status list.
    """

    document: JsonObject
    text: str
    family: Family
    token: str | None = None
    jwt: CredentialJwt | None = None
    sd_jwt: SdJwt | None = None
    view: JsonObject | None = None
    expected: Expected = NOTHING_EXPECTED
    checks: list[Check] = field(default_factory=list)

    @property
    def format(self) -> str:
        if self.family == "ob2":
            return "ob2-signed" if self.token else "ob2-hosted"
        if self.sd_jwt is not None:
            return f"{self.family}-sd-jwt"
        if self.jwt is not None and self.jwt.profile == "vc-cose":
            return f"{self.family}-cose"
        if self.token is not None:
            return f"{self.family}-jwt"
        return f"{self.family}-data-integrity" if self.document.get("proof") else f"{self.family}-unsigned"

    @property
    def shown(self) -> JsonObject:
        """The badge in the words of Open Badges 3.0."""
        return self.document if self.view is None else self.view

    @property
    def issuer(self) -> str | None:
        """The issuer's id."""
        value = self.shown.get("issuer")
        if isinstance(value, dict):
            value = value.get("id")
        return value if isinstance(value, str) else None

    @property
    def id(self) -> str | None:
        value = self.shown.get("id")
        return value if isinstance(value, str) else None

    def note(self, checks: Iterable[Check]) -> None:
        self.checks.extend(checks)

    def passed(self, kind: str) -> bool:
        """Whether the checks of a kind were made and none failed or stayed open."""
        made = [check.outcome for check in self.checks if check.kind == kind]
        return "passed" in made and "failed" not in made and "inconclusive" not in made


def several(value: Any) -> list[Any]:
    """A property that may be written as one value or as an array, as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def objects(value: Any) -> list[JsonObject]:
    return [one for one in several(value) if isinstance(one, dict)]


def text(value: Any) -> str | None:
    """A human text for display: itself, or out of a map of languages or a language value object."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return next((found for one in value if (found := text(one)) is not None), None)
    if isinstance(value, dict):
        if isinstance(value.get("@value"), str):
            return str(value["@value"])
        for language in ("en", *value):
            if isinstance(value.get(language), str):
                return str(value[language])
    return None
