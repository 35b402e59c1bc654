"""Storage on SQLite and PostgreSQL: sessions, column types, migrations, secrets at rest. No business noun."""

from shared.db.database import Database, DatabaseUnavailable, is_transient
from shared.db.instance import InstanceMismatch, claim, instance_table
from shared.db.keys import CannotOpen, KeyEncryption, KeyFileRefused
from shared.db.session import ReadSession, WriteSession, on_commit
from shared.db.types import Instant, Json, encode_json, metadata_for, new_id

__all__ = [
    "CannotOpen",
    "Database",
    "DatabaseUnavailable",
    "InstanceMismatch",
    "Instant",
    "Json",
    "KeyEncryption",
    "KeyFileRefused",
    "ReadSession",
    "WriteSession",
    "claim",
    "encode_json",
    "instance_table",
    "is_transient",
    "metadata_for",
    "new_id",
    "on_commit",
]
