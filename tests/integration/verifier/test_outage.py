"""With its own database away the verifier goes on with what needs none, and recovers by itself."""

import pytest

from tests.conftest import without
from tests.harness import postgres
from tests.harness.processes import Missing
from tests.integration.verifier.conftest import ORGANISATION, running, until
from tests.integration.verifier.world import Issuer, World


@pytest.fixture
def own_server():
    try:
        with postgres.postgresql() as server:
            yield server
    except Missing as missing:
        without("postgres", str(missing))


@pytest.mark.postgres
def test_the_database_goes_away_and_comes_back(own_server, make_settings, world: World, issuer: Issuer):
    settings = make_settings(database_url=own_server.create())
    badge = issuer.badge(1)
    with running(settings, world) as verifier, verifier.client() as client:
        assert verifier.verify({"credential": badge})["verdict"] == "accepted"
        own_server.stop()
        assert verifier.verify({"credential": badge})["verdict"] == "accepted"
        ready = client.get("/readyz")
        assert ready.status_code == 503
        assert {each["name"]: each["ok"] for each in ready.json()["checks"]} == {
            "database": False,
            "event log": True,
        }
        with verifier.client(ORGANISATION, "verifications:write", "policies:read") as member:
            reports = member.post("/v1/verifications/batch", json={"items": [{"credential": badge}]}).json()
            assert reports["reports"][0]["verdict"] == "accepted"
            listed = member.get("/v1/policies")
            assert (listed.status_code, listed.json()["code"]) == (503, "unavailable")
            assert int(listed.headers["retry-after"]) > 0
        own_server.start()
        until(lambda: client.get("/readyz").status_code == 200)
        assert verifier.verify({"credential": badge})["verdict"] == "accepted"
