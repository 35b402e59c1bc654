"""What the VC-API takes and shows: our own resource, and the bodies of VCALM."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from shared.http.schemas import Id, Moment, Schema

Securing = Literal[
    "eddsa-rdfc-2022",
    "eddsa-jcs-2022",
    "ecdsa-rdfc-2019",
    "ecdsa-jcs-2019",
    "ecdsa-sd-2023",
    "vc+jwt",
    "vc+sd-jwt",
]
KeyAlgorithm = Literal["Ed25519", "P-256", "P-384"]
Pointers = Annotated[list[Annotated[str, Field(max_length=1_000)]], Field(max_length=200)]
_Message = Annotated[str, Field(min_length=1, max_length=200)]


class Purpose(Schema):
    """One status entry that every credential of an instance carries."""

    purpose: Literal["revocation", "suspension", "refresh", "message"]
    messages: Annotated[
        list[_Message] | None,
        Field(
            description="For `message`: what each value of the entry means, 2, 4, 8 or 16 of them.",
            examples=[["submitted", "under review", "accepted", "refused"]],
        ),
    ] = None

    @model_validator(mode="after")
    def _fitting(self) -> "Purpose":
        if (self.purpose == "message") != (self.messages is not None):
            raise ValueError("messages belong to the purpose message, and to no other")
        if self.messages is not None and len(self.messages) not in {2, 4, 8, 16}:
            raise ValueError("there have to be 2, 4, 8 or 16 messages")
        return self


class InstanceIn(Schema):
    """An instance to open."""

    securing: Securing
    algorithm: Annotated[
        KeyAlgorithm | None,
        Field(description="Kind of the key. Left out: Ed25519, or P-256 for the ECDSA cryptosuites."),
    ] = None
    status: Annotated[list[Purpose], Field(max_length=4, default_factory=list)]

    @model_validator(mode="after")
    def _once(self) -> "InstanceIn":
        if len({each.purpose for each in self.status}) < len(self.status):
            raise ValueError("a purpose is named once")
        return self


class InstanceOut(Schema):
    """An instance: one key, and the DID made of it, which credentials name as their issuer."""

    id: Id
    did: Annotated[str, Field(examples=["did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH"])]
    securing: Securing
    algorithm: KeyAlgorithm
    verification_method: str
    status: list[Purpose]
    state: Literal["open", "closed"]
    created_at: Moment
    created_by: str
    closed_at: Moment | None = None


class IssueOptions(Schema):
    """VCALM, IssueCredentialOptions."""

    credentialId: Annotated[str | None, Field(min_length=1, max_length=2_000)] = None  # noqa: N815  (VCALM's name)
    mandatoryPointers: Pointers | None = None  # noqa: N815  (VCALM's name)


class IssueIn(Schema):
    """VCALM, IssueCredentialRequest."""

    credential: Annotated[dict[str, Any], Field(description="A credential of the W3C data model 2.0 or 1.1.")]
    options: IssueOptions = IssueOptions()


class DeriveOptions(Schema):
    """VCALM, DeriveCredentialOptions."""

    selectivePointers: Pointers = Field(default_factory=list)  # noqa: N815  (VCALM's name)


class DeriveIn(Schema):
    """VCALM, DeriveCredentialRequest."""

    verifiableCredential: dict[str, Any]  # noqa: N815  (VCALM's name)
    options: DeriveOptions = DeriveOptions()


class SecuredOut(Schema):
    """VCALM, VerifiableCredentialResponse."""

    verifiableCredential: dict[str, Any]  # noqa: N815  (VCALM's name)


class StatusReference(Schema):
    """Which entry of a credential: by its purpose, and by its place where that is given."""

    id: Annotated[str | None, Field(max_length=2_000)] = None
    type: Literal["BitstringStatusListEntry", "BitstringStatusList"]
    statusPurpose: Annotated[str, Field(min_length=1, max_length=32)]  # noqa: N815  (VCALM's name)
    statusListIndex: Annotated[str | None, Field(pattern=r"^[0-9]{1,16}$")] = None  # noqa: N815  (VCALM's name)
    statusListCredential: Annotated[str | None, Field(max_length=2_000)] = None  # noqa: N815  (VCALM's name)


class StatusIn(Schema):
    """VCALM, UpdateCredentialStatusRequest."""

    credentialId: Annotated[str, Field(min_length=1, max_length=2_000)]  # noqa: N815  (VCALM's name)
    credentialStatus: StatusReference  # noqa: N815  (VCALM's name)
    status: Annotated[
        bool | Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{1,4}$")],
        Field(
            description="Set or not; of an entry with messages the value as `statusMessage` has it (`0x2`)."
        ),
    ]
    indexAllocator: Annotated[  # noqa: N815  (VCALM's name)
        str | None, Field(max_length=2_000, description="Not needed here: indexes are given out by us.")
    ] = None
