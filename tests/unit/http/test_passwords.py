import asyncio

import pytest

from shared.http.passwords import hash_password, needs_rehash, verify_password

pytestmark = pytest.mark.anyio


async def test_passwords() -> None:
    encoded = await hash_password("correct horse")
    assert encoded.startswith("$argon2id$")
    assert encoded != await hash_password("correct horse")
    assert await verify_password(encoded, "correct horse")
    assert not await verify_password(encoded, "wrong horse")
    assert not await verify_password(None, "nobody has this password")
    assert not await verify_password("nonsense", "correct horse")
    assert not await verify_password(encoded, "x" * 2000)
    assert not needs_rehash(encoded)
    with pytest.raises(ValueError, match="long"):
        await hash_password("x" * 2000)


async def test_the_event_loop_goes_on() -> None:
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0.001)

    beating = asyncio.create_task(beat())
    await asyncio.gather(*(hash_password("x") for _ in range(3)))
    beating.cancel()
    assert beats > 10
