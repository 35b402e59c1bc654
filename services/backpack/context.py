"""What every part of the backpack works with, and how an endpoint gets hold of it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from prometheus_client import Counter

from services.backpack.limits import Limits
from services.backpack.notices import Post
from services.backpack.settings import BackpackSettings
from services.backpack.vault import Vault
from services.backpack.verification import Checker
from shared.clock import Clock
from shared.db import Database
from shared.messaging import Outbox, Wake
from shared.vc.contexts import ContextStore
from shared.vc.fetching import Fetch


@dataclass(frozen=True)
class Context:
    """The service's settings, time, storage and ways out; made once when it starts."""

    settings: BackpackSettings
    clock: Clock
    db: Database
    vault: Vault
    outbox: Outbox
    post: Post
    checker: Checker
    contexts: ContextStore
    fetch: Fetch
    """Fenced; fetches now."""
    limits: Limits
    arrivals: Wake
    """Set after something was delivered, for the worker that verifies it."""
    settled: Counter
    """Counts delivered credentials by what became of them."""

    @property
    def public_url(self) -> str:
        return self.settings.public_url


def _context(request: Request) -> Context:
    context: Context = request.app.state.service.context
    return context


Current = Annotated[Context, Depends(_context)]
"""Endpoint parameter: the running backpack."""
