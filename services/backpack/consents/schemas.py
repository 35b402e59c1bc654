"""Consents as the API shows them."""

from typing import Literal

from pydantic import ConfigDict, Field

from shared.http.schemas import Id, Moment, Schema


class ConsentOut(Schema):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0b1c2d3e4f5a69788796a5b4c3d2e1f0",
                    "purpose": "share",
                    "text_version": "share-1",
                    "text": "I show these badges …",
                    "credentials": ["4f1c0a6f2b7e4f0d9a3b5c7d8e9f0a1b"],
                    "given_by": "0b1c2d3e4f5a69788796a5b4c3d2e1f0",
                    "on_behalf_of": "0b1c2d3e4f5a69788796a5b4c3d2e1f0",
                    "given_at": "2026-11-21T20:15:00Z",
                    "withdrawn_at": "2026-11-21T20:15:00Z",
                }
            ]
        }
    )

    id: Id
    purpose: Literal["share", "publish"]
    text_version: str
    text: str = Field(description="The words that were agreed to.")
    credentials: list[Id] = Field(description="The badges it covers.")
    given_by: Id
    on_behalf_of: Id | None = Field(description="The learner, when somebody who may act for her agreed.")
    given_at: Moment
    withdrawn_at: Moment | None


class ConsentList(Schema):
    items: list[ConsentOut]
