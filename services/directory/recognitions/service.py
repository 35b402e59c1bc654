"""What happens to recognition statements. Each function is one transaction."""

from datetime import datetime

from services.directory import events
from services.directory.catalogue import store as catalogue
from services.directory.context import Context
from services.directory.errors import AlreadyWithdrawn, SelfRecognition
from services.directory.organisations import store as organisations
from services.directory.organisations.service import locked
from services.directory.recognitions import store
from services.directory.recognitions.schemas import RecognitionCreate, RecognitionOut, RecognitionWithdraw
from services.directory.tables import idempotency
from shared.db import WriteSession, new_id
from shared.http.access import Access
from shared.http.idempotency import IdempotentRequest, StoredResponse, once
from shared.http.paging import PageRequest
from shared.http.problems import FieldError, InvalidRequest, NotFound


async def give(
    context: Context, access: Access, given: RecognitionCreate, asked: IdempotentRequest
) -> StoredResponse:
    """Vouch for an issuer. Raises SelfRecognition, InvalidRequest, NotFound (the organisation has closed)."""
    now = context.clock()
    valid_from = given.valid_from or now
    if given.valid_until is not None and given.valid_until <= max(valid_from, now):
        raise InvalidRequest(
            "A statement must hold for some time: let valid_until be later.",
            errors=[FieldError("/valid_until", "must lie behind valid_from and in the future")],
        )
    async with context.db.write() as session:

        async def act() -> StoredResponse:
            shown = await _give(context, session, access, given, valid_from)
            location = f"{context.settings.public_url}/v1/recognitions/{shown.id}"
            return StoredResponse(201, shown.model_dump_json(), location=location)

        return await once(
            session,
            table=idempotency,
            organisation=access.organisation,
            asked=asked,
            clock=context.clock,
            act=act,
        )


async def _give(
    context: Context, session: WriteSession, access: Access, given: RecognitionCreate, valid_from: datetime
) -> RecognitionOut:
    recogniser = await locked(session, access, access.organisation)
    listed = await catalogue.find_issuer(session, given.issuer)
    if listed is not None and listed[0].organisation_id == recogniser.id:
        raise SelfRecognition("Another organisation has to vouch for this issuer.")
    now = context.clock()
    recognition = store.Recognition(
        id=new_id(),
        recogniser_id=recogniser.id,
        issuer=given.issuer,
        scope=given.scope.to_json(),
        valid_from=valid_from,
        valid_until=given.valid_until,
        reason=given.reason,
        given_at=now,
        given_by=access.actor,
        event_sequence=0,
    )
    session.add(recognition)
    await session.flush()
    _record(session, access, recognition, "recognition.given", now)
    said = events.recognition_given(recognition, recogniser, context.settings.public_url)
    await context.outbox.add(session, said)
    return RecognitionOut.of(recognition, recogniser, now)


async def withdraw(
    context: Context, access: Access, recognition_id: str, given: RecognitionWithdraw
) -> RecognitionOut:
    """Take a statement back; only who gave it can. Raises NotFound, AlreadyWithdrawn."""
    async with context.db.write() as session:
        recogniser = await locked(session, access, access.organisation)
        recognition = await store.lock(session, recognition_id)
        if recognition is None or recognition.recogniser_id != recogniser.id:
            raise NotFound("Your organisation has given no such statement.")
        if recognition.withdrawn_at is not None:
            raise AlreadyWithdrawn("The statement was withdrawn before.")
        now = context.clock()
        recognition.withdrawn_at, recognition.withdrawn_by = now, access.actor
        recognition.withdrawal_reason = given.reason
        _record(session, access, recognition, "recognition.withdrawn", now)
        await context.outbox.add(
            session, events.recognition_withdrawn(recognition, context.settings.public_url)
        )
        return RecognitionOut.of(recognition, recogniser, now)


async def read(context: Context, recognition_id: str) -> RecognitionOut:
    """One statement; public. Raises NotFound."""
    async with context.db.read() as session:
        found = await store.find(session, recognition_id)
        if found is None:
            raise NotFound("There is no such statement.")
        return RecognitionOut.of(*found, context.clock())


async def browse(
    context: Context, asked: PageRequest, *, issuer: str | None, recogniser: str | None, in_force: bool | None
) -> tuple[list[RecognitionOut], tuple[str] | None]:
    """A page of statements, and where the next one begins; public."""
    position = asked.after(str)
    now = context.clock()
    async with context.db.read() as session:
        rows = await store.search(
            session,
            issuer=issuer,
            recogniser=recogniser,
            in_force_at=now if in_force else None,
            after=position[0] if position else None,
            limit=asked.limit + 1,
        )
        shown = [RecognitionOut.of(*row, now) for row in rows[: asked.limit]]
    return shown, ((shown[-1].id,) if len(rows) > asked.limit else None)


def _record(
    session: WriteSession, access: Access, recognition: store.Recognition, action: str, now: datetime
) -> None:
    organisations.record(
        session,
        organisation=access.organisation,
        at=now,
        actor=access.actor,
        action=action,
        subject=recognition.id,
    )
