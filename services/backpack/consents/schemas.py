"""Consents as the API shows them."""

from typing import Literal

from pydantic import Field

from shared.http.schemas import Id, Moment, Schema


class ConsentOut(Schema):
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
