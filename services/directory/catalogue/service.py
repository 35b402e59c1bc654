"""Reading the public catalogue."""

from urllib.parse import unquote

from services.directory.catalogue import store
from services.directory.catalogue.schemas import AchievementOut, IssuerDetail, IssuerOut, KeyOut
from services.directory.catalogue.store import AchievementQuery, IssuerQuery
from services.directory.context import Context
from services.directory.recognitions import store as recognitions
from services.directory.recognitions.schemas import RecognitionOut
from shared.http.paging import PageRequest
from shared.http.problems import NotFound

SHOWN_RECOGNITIONS = 200


async def search_issuers(
    context: Context, query: IssuerQuery, asked: PageRequest
) -> tuple[list[IssuerOut], tuple[str] | None]:
    """A page of issuers, and where the next one begins."""
    position = asked.after(str)
    now = context.clock()
    async with context.db.read() as session:
        rows = await store.search_issuers(
            session, query, at=now, after=position[0] if position else None, limit=asked.limit + 1
        )
        counts = await store.recogniser_counts(session, [row[0].did for row in rows], now)
        shown = [
            IssuerOut.of(entry, organisation, counts.get(entry.did, 0))
            for entry, organisation in rows[: asked.limit]
        ]
    return shown, ((shown[-1].did,) if len(rows) > asked.limit else None)


async def read_issuer(context: Context, did: str) -> IssuerDetail:
    """One issuer with its keys' history and who vouches for it now. Raises NotFound."""
    now = context.clock()
    async with context.db.read() as session:
        # A did:web with a port holds "%3A"; whoever forgets to encode its percent sign means the same issuer.
        found = await store.find_issuer(session, did) or await store.find_issuer(session, _port_encoded(did))
        if found is None:
            raise NotFound("No issuer with this DID has announced itself here.")
        entry, organisation = found
        counts = await store.recogniser_counts(session, [entry.did], now)
        statements = await recognitions.search(
            session, issuer=entry.did, in_force_at=now, limit=SHOWN_RECOGNITIONS
        )
        return IssuerDetail(
            **IssuerOut.of(entry, organisation, counts.get(entry.did, 0)).model_dump(),
            keys=[KeyOut.of(key) for key in await store.keys_of(session, entry.did)],
            recognitions=[RecognitionOut.of(*row, now) for row in statements],
        )


async def search_achievements(
    context: Context, query: AchievementQuery, asked: PageRequest
) -> tuple[list[AchievementOut], tuple[str] | None]:
    """A page of achievements, and where the next one begins."""
    position = asked.after(str)
    async with context.db.read() as session:
        rows = await store.search_achievements(
            session, query, after=position[0] if position else None, limit=asked.limit + 1
        )
        shown = [AchievementOut.of(*row) for row in rows[: asked.limit]]
    return shown, ((shown[-1].achievement,) if len(rows) > asked.limit else None)


def _port_encoded(did: str) -> str:
    """`did:web:localhost:8001:issuers:x`, decoded once too often, as the DID it was: `did:web:localhost%3A8001:…`."""
    parts = unquote(did).split(":")
    if len(parts) > 3 and parts[:2] == ["did", "web"] and parts[3].isdigit():
        return ":".join([*parts[:2], f"{parts[2]}%3A{parts[3]}", *parts[4:]])
    return did
