"""Parameters that stand in paths."""

from typing import Annotated

from fastapi import Path

from shared.http.schemas import Id

RowId = Annotated[Id, Path(description="The id under which it stands here, from a list or an answer.")]
"""The id of one of the backpack's own resources."""
