"""Column types that mean the same on SQLite and on PostgreSQL, and the naming of constraints."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def new_id() -> str:
    """A fresh public identifier: 128 random bits as 32 hexadecimal characters."""
    return secrets.token_hex(16)


def metadata_for() -> MetaData:
    """A `MetaData` whose constraints and indexes all get predictable names, so that migrations can drop them."""
    return MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Instant(TypeDecorator[datetime]):
    """A moment: an aware datetime in UTC, whole seconds (a fraction is cut off).

    Kept as `timestamptz` on PostgreSQL and as RFC 3339 text ending in `Z` on SQLite, which sorts in time order.
    Raises `ValueError` for a naive datetime.
    """

    impl = Text
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        return datetime

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an Instant needs an aware datetime")
        moment = value.astimezone(UTC).replace(microsecond=0)
        return moment if dialect.name == "postgresql" else moment.strftime(_FORMAT)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002  (SQLAlchemy's signature)
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return datetime.fromisoformat(value)  # ends in Z: aware; strptime takes ten times as long


def encode_json(value: object) -> str:
    """Compact JSON text; refuses NaN and infinities with `ValueError`."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class Json(TypeDecorator[Any]):
    """A JSON value that is never compared byte for byte: JSONB on PostgreSQL, text on SQLite.

    `None` is SQL NULL. Signed bytes do not belong here (JSONB reorders members): use `LargeBinary` or `Text`.
    """

    impl = Text
    cache_ok = True

    @property
    def python_type(self) -> type[object]:
        return object

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(JSONB(none_as_null=True))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return encode_json(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return json.loads(value)
