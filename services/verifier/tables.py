"""The verifier's tables: one metadata for its migrations."""

from sqlalchemy.orm import DeclarativeBase

from shared.db import instance_table, metadata_for
from shared.http.idempotency import idempotency_table
from shared.http.ratelimit import ratelimit_table
from shared.jobs import job_tables
from shared.mail import mail_table
from shared.messaging.tables import messaging_tables
from shared.webhooks.tables import webhook_tables


class Base(DeclarativeBase):
    """What the verifier keeps."""

    metadata = metadata_for()


INSTANCE = instance_table(Base.metadata)
RATE_LIMITS = ratelimit_table(Base.metadata)
IDEMPOTENCY = idempotency_table(Base.metadata)
JOBS = job_tables(Base.metadata)
MESSAGING = messaging_tables(Base.metadata)
MAIL = mail_table(Base.metadata)
WEBHOOKS = webhook_tables(Base.metadata)
