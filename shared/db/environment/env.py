"""What Alembic runs for each command: it finds its connection and metadata in the attributes `migrate` set."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from shared.db.types import Instant, Json


def render_item(kind: str, item: Any, autogen_context: AutogenContext) -> str | Literal[False]:
    """Write our own column types by name; Alembic would write the bare type beneath them."""
    if kind == "type" and isinstance(item, Instant | Json):
        autogen_context.imports.add("from shared.db import Instant, Json")
        return f"{type(item).__name__}()"
    return False


attributes = context.config.attributes
context.configure(
    connection=attributes["connection"],
    target_metadata=attributes["metadata"],
    render_as_batch=True,
    render_item=render_item,
    compare_type=True,
    user_module_prefix=None,
)
with context.begin_transaction():
    context.run_migrations()
