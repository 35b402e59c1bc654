"""The directory's metadata: its own tables (in the nouns' store.py) and those of the mechanisms it uses."""

from sqlalchemy.orm import DeclarativeBase

from shared.db import instance_table, metadata_for
from shared.http.idempotency import idempotency_table
from shared.http.ratelimit import ratelimit_table
from shared.mail import mail_table
from shared.messaging import messaging_tables
from shared.webhooks.tables import webhook_tables

metadata = metadata_for()
messaging = messaging_tables(metadata)
instance = instance_table(metadata)
rate_limits = ratelimit_table(metadata)
idempotency = idempotency_table(metadata)
mail = mail_table(metadata)
webhooks = webhook_tables(metadata)


class Base(DeclarativeBase):
    """Base of every table of the directory."""

    metadata = metadata
