"""Every attack of the corpus, on the engine, on the fence and over HTTP: refused by its own name, within its share of work."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from shared.http.fetch import Fetched, Fetcher
from tests.hostile.corpus import ATTACKS, Attack, Link, Stage
from tests.hostile.corpus.attack import STEPS, Refusal, as_bytes, fetched, of_response, steps_of
from tests.hostile.corpus.table import README, written
from tests.integration.verifier.conftest import Running, running, settings_of
from tests.integration.verifier.world import Issuer, World, a_world

SLOW_SECONDS = 0.5
LINKS = [name for name, attack in ATTACKS.items() if attack.group == "network"]
DOCUMENTS = [name for name in ATTACKS if name not in LINKS]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_it_is_refused_by_its_name_and_within_its_steps(name: str) -> None:
    attack = ATTACKS[name]
    stage = Stage("http://localhost:9999", "http://127.0.0.1:9")
    given = attack.make(stage)
    assert not isinstance(given, Link)
    refusal, steps = steps_of(as_bytes(given), stage)
    assert refusal.fits(attack), refusal
    assert steps < STEPS


class Hasty(Fetcher):
    """As the service has it, and in a hurry."""

    async def get(self, url: str, *, accept: str = "*/*", max_bytes: int, timeout: float = 0) -> Fetched:
        return await super().get(url, accept=accept, max_bytes=max_bytes, timeout=timeout or SLOW_SECONDS)


@pytest.mark.parametrize("name", LINKS)
def test_it_is_not_fetched_and_says_why(name: str, hostile: str) -> None:
    attack = ATTACKS[name]
    stage = Stage("http://localhost:9999", hostile)
    given = attack.make(stage)
    assert isinstance(given, Link)

    async def resolve(host: str, _: int) -> Sequence[str]:
        if host not in stage.dns:
            raise OSError(host)
        return stage.dns[host]

    async def judged() -> Refusal:
        make = Hasty if attack.slow else Fetcher
        fetcher = make(allow_loopback=True, resolve=resolve if attack.own_dns else None)
        try:
            return await fetched(given, fetcher)
        finally:
            await fetcher.close()

    refusal = asyncio.run(judged())
    assert refusal.fits(attack), refusal


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with a_world() as one:
        yield one


@pytest.fixture(scope="module")
def verifier(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    settings = settings_of(world, tmp_path_factory.mktemp("verifier"), processes=2)
    with running(settings, world) as one:
        yield one


def test_over_http_each_gets_the_same_answer_and_the_service_goes_on(
    world: World, verifier: Running, hostile: str
) -> None:
    honest = Issuer(world, "between")
    badge = {"credential": honest.badge(1)}
    world.recognise(honest.did)

    def send(numbered: tuple[int, Attack]) -> tuple[str, Refusal, int]:
        number, attack = numbered
        stage = Stage(f"{world.url}/{number}", hostile)
        given = attack.make(stage)
        for url, page in stage.network.pages.items():
            parts = urlsplit(url)
            world.put(parts.path, page, "application/json")
        with verifier.client() as client:
            if isinstance(given, Link):
                answer = client.post("/v1/verifications", json={"url": given.url})
            else:
                headers = {"Content-Type": "application/octet-stream"}
                answer = client.post("/v1/verifications", content=as_bytes(given), headers=headers)
        return attack.name, of_response(answer.status_code, answer.json()), answer.status_code

    attacks = [attack for attack in ATTACKS.values() if not attack.own_dns]
    with ThreadPoolExecutor(4) as pool:
        sent = pool.map(send, enumerate(sorted(attacks, key=lambda attack: not attack.slow)))
        wrong = {name: (status, refusal) for name, refusal, status in sent if not refusal.fits(ATTACKS[name])}
    assert not wrong, json.dumps({name: str(one)[:600] for name, one in wrong.items()}, indent=1)
    assert verifier.verify(badge)["verdict"] == "accepted"


def test_the_table_lists_every_attack() -> None:
    """README.md is written by `python -m tests.hostile --table`."""
    assert README.read_text(encoding="utf-8") == written()


@pytest.mark.parametrize("module", ["test_fence.py"])
def test_what_the_corpus_leaves_to_others_is_there(module: str) -> None:
    """The table points to tests for what one message cannot stage: DNS that changes between the check and the connection."""
    source = (Path(__file__).parents[1] / "fetch" / module).read_text(encoding="utf-8")
    assert "def test_the_connection_goes_to_the_address_that_was_checked" in source
    assert README.read_text(encoding="utf-8").count(module) == 1
