"""Where a learner can be reached: the first address she has proven."""

from services.backpack.identifiers import store
from services.backpack.identifiers.addresses import EMAIL
from services.backpack.vault import Vault
from shared.db import ReadSession

VALUE = "identifier.value"


async def address_of(vault: Vault, session: ReadSession, learner_id: str) -> str | None:
    """The learner's oldest proven e-mail address, or None if she has none."""
    for identifier in await store.identifiers_of(session, learner_id):
        if identifier.type == EMAIL and identifier.verified_at is not None:
            return vault.open_text(identifier.value, column=VALUE, row=identifier.id)
    return None


async def proven_of(vault: Vault, session: ReadSession, learner_id: str) -> list[tuple[str, str]]:
    """The (type, value) pairs that the learner has proven to be."""
    return [
        (identifier.type, vault.open_text(identifier.value, column=VALUE, row=identifier.id))
        for identifier in await store.identifiers_of(session, learner_id)
        if identifier.verified_at is not None
    ]
