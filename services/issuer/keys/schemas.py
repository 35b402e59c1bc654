"""What the API takes and shows of signing keys: never a secret half."""

from typing import Annotated, Literal

from pydantic import Field

from shared.http.schemas import Id, Moment, Schema


class KeyOut(Schema):
    """A signing key of a profile."""

    id: Id
    algorithm: Annotated[str, Field(examples=["Ed25519"])]
    verification_method: Annotated[
        str,
        Field(description="As it stands in proofs: the DID and the key's Multikey (of RSA: its thumbprint)."),
    ]
    kid: Annotated[
        str | None, Field(description="As it stands in the header of JWT badges: the DID and the thumbprint.")
    ] = None
    state: Literal["active", "retired", "compromised"]
    valid_from: Moment
    valid_until: Moment | None = None
    compromised_since: Moment | None = None
    reason: str | None = None
    created_by: str


class CompromiseIn(Schema):
    """Declares that others may sign with this key."""

    since: Annotated[
        Moment | None, Field(description="From when it cannot be trusted; left out: from now.")
    ] = None
    reason: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
