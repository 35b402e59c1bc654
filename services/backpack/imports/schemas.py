"""Imports as the API takes and shows them."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field, model_validator

from services.backpack.credentials.schemas import EXAMPLE, CredentialOut
from shared.http.schemas import ExternalId, Metadata, Schema


class ImportIn(Schema):
    """Exactly one of the three. What is kept is what was given, so a credential is given as text, not as an object."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"url": "https://badges.example.org/b/1", "external_id": "my-1"}]}
    )

    url: Annotated[str, Field(max_length=2048, examples=["https://badges.example.org/b/1"])] | None = None
    credential: (
        Annotated[str, Field(max_length=5_000_000, description="The JSON text, or the compact JWS.")] | None
    ) = None
    file: (
        Annotated[str, Field(max_length=7_000_000, description="Base64 of a JSON, JWT, PNG or SVG file.")]
        | None
    ) = None
    external_id: ExternalId | None = None
    metadata: Metadata | None = None

    @model_validator(mode="after")
    def _one(self) -> "ImportIn":
        if sum(each is not None for each in (self.url, self.credential, self.file)) != 1:
            raise ValueError("give exactly one of url, credential and file")
        return self


class ImportOut(Schema):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "credential": {**EXAMPLE, "origin": "imported", "state": "accepted"},
                    "report": {"verdict": "accepted"},
                }
            ]
        }
    )

    credential: CredentialOut
    report: dict[str, Any] = Field(description="The verification report, every check with its reason.")
