"""The verifier's tables: one metadata for its migrations."""

from sqlalchemy.orm import DeclarativeBase

from shared.db import metadata_for


class Base(DeclarativeBase):
    """What the verifier keeps."""

    metadata = metadata_for()
