"""The issuer's metadata: the base of its own tables, and those of the mechanisms that it uses."""

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.db import metadata_for
from shared.db.instance import instance_table
from shared.http.idempotency import idempotency_table
from shared.http.ratelimit import ratelimit_table
from shared.jobs import job_tables
from shared.mail import mail_table
from shared.messaging.tables import messaging_tables
from shared.webhooks.tables import webhook_tables


class Base(DeclarativeBase):
    metadata = metadata_for()


class Secret(Base):
    """A random secret of this installation, sealed by the key-encryption key."""

    __tablename__ = "secret"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


instance = instance_table(Base.metadata)
idempotency = idempotency_table(Base.metadata)
ratelimits = ratelimit_table(Base.metadata)
messaging = messaging_tables(Base.metadata)
jobs = job_tables(Base.metadata)
mail = mail_table(Base.metadata)
webhooks = webhook_tables(Base.metadata)
