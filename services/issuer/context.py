"""What every part of the issuer works with, made once per process by `services.issuer.app`."""

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends, Request

from services.issuer.settings import IssuerSettings
from shared.clock import Clock
from shared.db import Database
from shared.db.keys import KeyEncryption
from shared.messaging.outbox import Outbox
from shared.vc.contexts import ContextStore

if TYPE_CHECKING:
    from services.issuer.status.service import IndexBlocks


@dataclass(frozen=True)
class Context:
    """The dependencies of the issuer's own code."""

    settings: IssuerSettings
    clock: Clock
    db: Database
    outbox: Outbox
    sealing: KeyEncryption
    contexts: ContextStore
    recipient_secret: bytes
    """Key of the HMAC by which a recipient's awards are found."""
    indexes: "IndexBlocks"
    lists_changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set after a commit that changed a status list, so that it is signed at once."""

    @property
    def public_url(self) -> str:
        return self.settings.public_url


def _current(request: Request) -> Context:
    return cast("Context", request.app.state.service.context)


Current = Annotated[Context, Depends(_current)]
"""Endpoint parameter: the issuer's context."""
