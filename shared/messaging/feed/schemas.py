"""The feed as the API shows it."""

from typing import Annotated, Any

from pydantic import Field

from shared.http.schemas import Moment, Schema


class EventOut(Schema):
    """A CloudEvent 1.0 (structured JSON), as it is on the topic; `dataschema` leads to the JSON Schema of `data`."""

    specversion: Annotated[str, Field(examples=["1.0"])]
    id: Annotated[str, Field(description="The same in every feed, delivery and repetition.")]
    type: Annotated[str, Field(examples=["org.confer.credential.issued.v1"])]
    source: str
    subject: Annotated[
        str, Field(description="What it happened to; `sequence` counts 1, 2, 3 … per subject.")
    ]
    time: Moment
    organisation: str
    sequence: Annotated[str, Field(pattern="^[1-9][0-9]*$")]
    datacontenttype: str
    dataschema: str | None = None
    traceparent: str | None = None
    data: dict[str, Any]


class EventPage(Schema):
    """Events, oldest first. Keep `next` and ask with it again, now if `more`, later if not: nothing is left out or repeated."""

    items: list[EventOut]
    next: str
    more: bool
