"""Trust registry queries and answers as TRQP v2 shapes them, and the DCC registry."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.directory.values import without_nul
from shared.http.schemas import Moment, Schema

Text = Annotated[str, AfterValidator(without_nul)]


class TrqpContext(BaseModel):
    """`time`: for which moment the question is; other members are echoed."""

    model_config = ConfigDict(extra="allow")
    time: Moment | None = None


class TrqpQuery(BaseModel):
    """TRQP v2: is `entity_id` authorised (or recognised) by `authority_id` to do `action` with `resource`?"""

    model_config = ConfigDict(extra="ignore")

    entity_id: Text = Field(min_length=1, max_length=1_000, description="The issuer's DID.")
    authority_id: Text = Field(
        min_length=1,
        max_length=1_000,
        description="The recognising organisation: its id, its address in this registry, or a DID of its issuers.",
    )
    action: Text = Field(
        min_length=1, max_length=200, description="`issue` is the one action there is.", examples=["issue"]
    )
    resource: Text = Field(
        min_length=1,
        max_length=1_000,
        description="An OB 3.0 achievementType, an achievement's id, or the OpenBadgeCredential class for any badge.",
        examples=["https://purl.imsglobal.org/spec/ob/v3p0/vocab.html#OpenBadgeCredential"],
    )
    context: TrqpContext | None = None


class TrqpAnswer(Schema):
    """What is the same in both answers."""

    entity_id: str
    authority_id: str
    action: str
    resource: str
    time_requested: Moment | None = None
    time_evaluated: Moment
    message: str = Field(
        examples=["Guild of Workshops recognises this issuer: the assessors know their trade."]
    )
    context: dict[str, object] | None = None


class AuthorizationAnswer(TrqpAnswer):
    authorized: bool


class RecognitionAnswer(TrqpAnswer):
    recognized: bool


class RegistryMeta(Schema):
    created: Moment
    updated: Moment


class RegistryEntry(Schema):
    name: str
    location: str
    url: str


class Registry(Schema):
    """The DCC's `dcc-legacy` registry: DID -> issuer."""

    meta: RegistryMeta
    registry: dict[str, RegistryEntry]
