"""What the directory's operations work with; endpoints get it as `Current`, so that nothing is global."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from services.directory.oauth.keys import SigningKeys
from services.directory.settings import DirectorySettings
from shared.clock import Clock
from shared.db import Database, KeyEncryption
from shared.http.ratelimit import RateLimit
from shared.mail import MailQueue
from shared.messaging import Outbox


@dataclass(frozen=True)
class Limits:
    """What anonymous callers share, counted in the database so that replicas count together."""

    sign_ups: RateLimit
    sign_ins_per_login: RateLimit
    sign_ins_per_address: RateLimit
    acceptances: RateLimit


@dataclass(frozen=True)
class Context:
    """The directory's settings, storage, keys and outlets."""

    settings: DirectorySettings
    clock: Clock
    db: Database
    outbox: Outbox
    vault: KeyEncryption
    signing_keys: SigningKeys
    mail: MailQueue
    limits: Limits


def _current(request: Request) -> Context:
    context: Context = request.app.state.service.context
    return context


Current = Annotated[Context, Depends(_current)]
"""Endpoint parameter: the directory's context."""
