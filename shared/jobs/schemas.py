"""Jobs as the API shows them."""

from typing import Annotated, Any, Literal

from pydantic import Field

from shared.http.schemas import ExternalId, Id, Metadata, Moment, Schema

JobState = Literal["receiving", "queued", "running", "completed", "cancelled"]
RowState = Literal["pending", "succeeded", "failed"]


class JobOut(Schema):
    """Bulk work under way. Ask again until `state` is completed or cancelled."""

    id: Id
    kind: Annotated[str, Field(examples=["awards"])]
    state: JobState
    total: int
    succeeded: int
    failed: int
    pending: int
    created_at: Moment
    started_at: Moment | None = None
    completed_at: Moment | None = None
    actor: str
    external_id: ExternalId | None = None
    metadata: Metadata | None = None


class JobRowOut(Schema):
    """How one row stands. `index` counts the rows as they were sent, from 0."""

    index: int
    state: RowState
    external_id: str | None = None
    result: dict[str, Any] | None = None
    problem: dict[str, Any] | None = None


class RepairedRow(Schema):
    index: Annotated[int, Field(ge=0)]
    input: Annotated[dict[str, Any], Field(description="The corrected row, in the shape of the first call.")]


class Repair(Schema):
    """Which failed rows are corrected; every failed row is done again, corrected or not."""

    rows: Annotated[list[RepairedRow], Field(max_length=10_000, default_factory=list)]
