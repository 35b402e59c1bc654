"""The requests and answers of VCALM's verifier endpoints, named as the standard names them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

CheckName = Literal["proof", "issuer", "credentialStatus", "validityPeriod"]
_ALL: frozenset[CheckName] = frozenset({"proof", "issuer", "credentialStatus", "validityPeriod"})
_LEAST: frozenset[CheckName] = frozenset({"proof"})
Asked = Annotated[str, StringConstraints(min_length=1, max_length=1024)]


class VcModel(BaseModel):
    """Names in camelCase, as in the standard; strict, but for members that later versions may add."""

    model_config = ConfigDict(extra="ignore", strict=True, alias_generator=to_camel, populate_by_name=True)


class Options(VcModel):
    """What a proof has to answer, what has to hold, and what comes back. An option not known here is refused."""

    model_config = ConfigDict(extra="forbid")

    challenge: Asked | None = Field(default=None, description="The proof has to answer this.")
    domain: Asked | None = Field(default=None, description="The proof has to have been made for this.")
    checks: list[CheckName] | None = Field(
        default=None,
        max_length=8,
        description="What decides: form, contexts, structure and proof always do; `issuer` (the key is the issuer's),"
        " `credentialStatus` and `validityPeriod` do unless this list leaves them out. Then they become warnings.",
        examples=[["proof", "credentialStatus"]],
    )
    return_problem_details: bool = True
    return_results: bool = False
    return_credential: bool = False
    return_presentation: bool = False

    @property
    def deciding(self) -> frozenset[CheckName]:
        """What keeps a credential from being verified if it is found wrong."""
        return _ALL if self.checks is None else _LEAST | frozenset(self.checks)


class CredentialIn(VcModel):
    """A credential to verify: with proofs of its own, or in an envelope."""

    verifiable_credential: dict[str, Any]
    options: Options = Field(default_factory=Options)


class PresentationIn(VcModel):
    """A presentation to verify: secured, in an envelope, or (`presentation`) without proof, for its credentials alone."""

    verifiable_presentation: dict[str, Any] | None = None
    presentation: dict[str, Any] | None = None
    options: Options = Field(default_factory=Options)

    @model_validator(mode="after")
    def _one(self) -> "PresentationIn":
        if (self.verifiable_presentation is None) == (self.presentation is None):
            raise ValueError("exactly one of verifiablePresentation and presentation must be given")
        return self

    @property
    def document(self) -> dict[str, Any]:
        found = self.verifiable_presentation if self.presentation is None else self.presentation
        assert found is not None  # one of the two is given
        return found


class ProblemDetails(VcModel):
    """RFC 9457, with the types that the specifications define; `code` and `pointer` are ours."""

    type: str
    title: str
    detail: str
    code: str = Field(description="Of the closed list that the reports of `POST /v1/verifications` use.")
    pointer: str | None = Field(default=None, description="JSON pointer into what was sent.")


class Outcome(VcModel):
    verified: bool
    input: Any


class StatusOutcome(Outcome):
    value: int | None = Field(default=None, description="The status that the list gives.")


class CredentialResults(VcModel):
    """Property by property."""

    valid_from: Outcome | None = None
    valid_until: Outcome | None = None
    credential_schema: list[Outcome]
    credential_status: list[StatusOutcome]
    proof: list[Outcome]


class Verified(VcModel):
    """The overall answer. `errors` made `verified` false; `warnings` did not; `problemDetails` are both."""

    verified: bool
    errors: list[ProblemDetails]
    warnings: list[ProblemDetails]
    problem_details: list[ProblemDetails] | None = None


class CredentialVerified(Verified):
    credential: dict[str, Any] | None = None
    results: CredentialResults | None = None


class HolderResults(VcModel):
    """Of the presentation itself."""

    challenge: Outcome | None = None
    domain: Outcome | None = None
    holder: Outcome | None = None
    proof: list[Outcome]


class PresentationResults(VcModel):
    presentation: HolderResults
    credentials: list[CredentialVerified]


class PresentationOut(Verified):
    verifiable_presentation: dict[str, Any] | None = None
    results: PresentationResults | None = None
