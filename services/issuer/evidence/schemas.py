"""What the API takes and shows of evidence."""

from typing import Annotated, Literal

from pydantic import Field

from shared.http.schemas import ExternalId, Id, Metadata, Moment, Schema

Visibility = Annotated[
    Literal["link", "private"],
    Field(
        description="`link`: whoever has the (unguessable) address, as it stands in credentials. `private`: the "
        "organisation only."
    ),
]
Text = Annotated[str, Field(min_length=1, max_length=4000)]
Short = Annotated[str, Field(min_length=1, max_length=300)]


class EvidenceChange(Schema):
    """How the evidence is described; what is left out stays, null removes."""

    name: Short | None = None
    description: Text | None = None
    narrative: Text | None = None
    genre: Short | None = None
    audience: Short | None = None
    visibility: Visibility | None = None
    retention_until: Annotated[Moment | None, Field(description="When the file is erased by itself.")] = None
    external_id: ExternalId | None = None
    metadata: Metadata | None = None


class EvidenceOut(Schema):
    """A piece of evidence. Credentials carry its address and digest, never its content."""

    id: Id
    url: Annotated[str, Field(description="The file, on an origin of its own.")]
    digest_sri: Annotated[str, Field(examples=["sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="])]
    size: Annotated[int, Field(description="In bytes.")]
    media_type: Annotated[str, Field(description="Told by the content, whatever was claimed.")]
    name: str | None = None
    description: str | None = None
    narrative: str | None = None
    genre: str | None = None
    audience: str | None = None
    visibility: Visibility
    retention_until: Moment | None = None
    erased_at: Moment | None = None
    external_id: ExternalId | None = None
    metadata: Metadata | None = None
    created_at: Moment
    created_by: str
