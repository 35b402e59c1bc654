"""Idempotency keys and rate limits, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import Column, Integer, Table, func, select

from shared.db import Database, metadata_for
from shared.db.database import create_engine, writing
from shared.http.idempotency import IdempotentRequest, StoredResponse, forget_old, idempotency_table, once
from shared.http.problems import Conflict, IdempotencyKeyReused, TooManyRequests
from shared.http.ratelimit import RateLimit, forget_full, ratelimit_table

pytestmark = pytest.mark.anyio
metadata = metadata_for()
answers = idempotency_table(metadata)
limits = ratelimit_table(metadata)
effects = Table(
    "effect", metadata, Column("id", Integer, primary_key=True, autoincrement=True), Column("n", Integer)
)
NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    engine = writing(create_engine(database_url))
    async with engine.connect() as connection:
        await connection.run_sync(metadata.create_all)
        await connection.commit()
    await engine.dispose()
    made = Database(database_url)
    yield made
    await made.close()


async def count(db: Database, table: Table) -> int:
    async with db.read() as session:
        return (await session.execute(select(func.count()).select_from(table))).scalar_one()


async def make(
    db: Database, key: str | None, organisation: str = "o1", print_: str = "f", operation: str = "POST /v1/x"
) -> StoredResponse:
    async with db.write() as session:

        async def act() -> StoredResponse:
            number = (
                await session.execute(effects.insert().values(n=1).returning(effects.c.id))
            ).scalar_one()
            return StoredResponse(201, f'{{"id":{number}}}', location=f"/v1/x/{number}", etag='"v1"')

        asked = IdempotentRequest(key, operation, print_)
        return await once(
            session, table=answers, organisation=organisation, asked=asked, clock=lambda: NOW, act=act
        )


async def test_the_same_key_gives_the_same_answer(db: Database) -> None:
    first, second = await make(db, "k"), await make(db, "k")
    assert (first.status, first.body, first.location) == (second.status, second.body, second.location)
    assert (first.replayed, second.replayed) == (False, True)
    response = second.to_response()
    assert response.headers["idempotent-replayed"] == "true"
    assert response.headers["location"] == "/v1/x/1"
    assert await count(db, effects) == 1


async def test_without_a_key_nothing_is_kept(db: Database) -> None:
    await make(db, None)
    await make(db, None)
    assert (await count(db, effects), await count(db, answers)) == (2, 0)


async def test_a_key_is_of_one_organisation_and_operation(db: Database) -> None:
    await make(db, "k")
    assert not (await make(db, "k", organisation="o2")).replayed
    assert not (await make(db, "k", operation="POST /v1/y")).replayed
    assert await count(db, effects) == 3


async def test_another_body_under_the_same_key_is_refused(db: Database) -> None:
    await make(db, "k")
    with pytest.raises(IdempotencyKeyReused):
        await make(db, "k", print_="other")
    assert await count(db, effects) == 1


async def test_a_refused_request_is_not_kept(db: Database) -> None:
    async def act() -> StoredResponse:
        raise Conflict("Not now.")

    asked = IdempotentRequest("k", "POST /v1/x", "f")
    with pytest.raises(Conflict):
        async with db.write() as session:
            await once(session, table=answers, organisation="o1", asked=asked, clock=lambda: NOW, act=act)
    assert not (await make(db, "k")).replayed


async def test_ten_at_once_have_one_effect(db: Database) -> None:
    done = await asyncio.gather(*(make(db, "k") for _ in range(10)), return_exceptions=True)
    assert await count(db, effects) == 1
    assert {each.body for each in done if isinstance(each, StoredResponse)} == {
        '{"id":1}'
    } or db.dialect == "postgresql"
    assert all(isinstance(each, StoredResponse | Conflict) for each in done), done


async def test_old_answers_are_forgotten(db: Database) -> None:
    await make(db, "k")
    async with db.write() as session:
        await forget_old(session, answers, lambda: NOW + timedelta(hours=47))
    assert await count(db, answers) == 1
    async with db.write() as session:
        await forget_old(session, answers, lambda: NOW + timedelta(hours=49))
    assert await count(db, answers) == 0


LIMIT = RateLimit("sign-in", 5, timedelta(minutes=1))


async def take(db: Database, subject: str, at: float, cost: int = 1) -> SimpleNamespace:
    allowance = await LIMIT.check(db, limits, subject, cost=cost, now=lambda: at)
    return SimpleNamespace(remaining=allowance.remaining, headers=allowance.headers)


async def test_a_limit_is_used_up_and_refills(db: Database) -> None:
    left = [(await take(db, "a", 1000.0)).remaining for _ in range(5)]
    assert left == [4, 3, 2, 1, 0]
    with pytest.raises(TooManyRequests) as caught:
        await take(db, "a", 1000.0)
    assert caught.value.headers is not None
    assert caught.value.headers["Retry-After"] == "12"
    assert caught.value.headers["RateLimit-Policy"] == '"sign-in";q=5;w=60'
    assert caught.value.headers["RateLimit"] == '"sign-in";r=0;t=12'
    with pytest.raises(TooManyRequests):
        await take(db, "a", 1011.0)
    assert (await take(db, "a", 1012.0)).remaining == 0
    assert (await take(db, "b", 1000.0)).remaining == 4, "others have their own"
    assert (await take(db, "a", 9999.0)).remaining == 4, "never more than the limit"


async def test_cost_and_clocks_that_go_back(db: Database) -> None:
    assert (await take(db, "a", 1000.0, cost=5)).remaining == 0
    with pytest.raises(TooManyRequests):
        await take(db, "a", 500.0)


async def test_replicas_count_together(db: Database, database_url: str) -> None:
    other = Database(database_url)
    await take(db, "a", 1000.0)  # the first of a subject makes the row
    tried = await asyncio.gather(
        *(take(each, "a", 1000.0) for each in (db, other) * 8), return_exceptions=True
    )
    await other.close()
    assert sum(not isinstance(each, Exception) for each in tried) == 4
    assert all(isinstance(each, TooManyRequests) for each in tried if isinstance(each, Exception)), tried


async def test_full_buckets_are_forgotten_and_subjects_are_not_kept_in_the_clear(db: Database) -> None:
    await take(db, "person@example.org", 1000.0)
    async with db.read() as session:
        row = (await session.execute(select(limits))).one()
    assert "person" not in str(row)
    async with db.write() as session:
        await forget_full(session, limits, now=lambda: 1005.0)
    assert await count(db, limits) == 1
    async with db.write() as session:
        await forget_full(session, limits, now=lambda: 1013.0)
    assert await count(db, limits) == 0
