"""The runner of the W3C's suites, as far as it goes without them."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.vc.contexts import CREDENTIALS_V2
from shared.vc.keys import Algorithm, SigningKey
from shared.vc.multibase import base64url_encode
from tests.suites import jose_cose
from tests.suites.catalogue import SUITES
from tests.suites.mocha import configure
from tests.suites.prepare import NotPrepared, prepare

CONTROLLER = "https://issuer.example/about"
CREDENTIAL = {
    "@context": [CREDENTIALS_V2],
    "type": ["VerifiableCredential"],
    "issuer": CONTROLLER,
    "credentialSubject": {"id": "did:example:mira", "name": "Mira"},
}
PRESENTATION = {"@context": [CREDENTIALS_V2], "type": ["VerifiablePresentation"], "holder": CONTROLLER}


def called(place: Path, function: str, feature: str, given: str, *more: str) -> Any:
    """What our program answers a call as the suite makes it."""
    (place / "tests" / "given").write_text(given)
    jose_cose.main(
        [str(place), "compose", "-f", "./implementations/compose.yml", "run", "--rm", "Confer", function, "--input", "/tests/given",
         "--key", "/tests/input/vm-1.json", "--feature", feature, *more, "--output", "/tests/found"]
    )  # fmt: skip
    return json.loads((place / "tests" / "found").read_bytes())


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A suite's folder with one verification method in it."""
    (tmp_path / "tests" / "input").mkdir(parents=True)
    key = SigningKey.generate(Algorithm.P521)
    public = {**key.public.jwk(), "alg": "ES512"}
    method = {
        "id": f"{CONTROLLER}#key-1",
        "type": "JsonWebKey",
        "controller": CONTROLLER,
        "publicKeyJwk": public,
        "secretKeyJwk": {**public, "d": base64url_encode(key.secret())},
    }
    (tmp_path / "tests" / "input" / "vm-1.json").write_text(json.dumps(method))
    return tmp_path


@pytest.mark.parametrize("what", ["credential", "presentation"])
@pytest.mark.parametrize("how", ["jose", "sdjwt", "cose"])
def test_what_the_program_issues_it_verifies(place: Path, what: str, how: str) -> None:
    document = CREDENTIAL if what == "credential" else PRESENTATION
    hidden = "credentialSubject.name" if what == "credential" else "holder"
    more = ("--sd", json.dumps([hidden])) if how == "sdjwt" else ()
    issued = called(place, "issue", f"{what}_{how}", json.dumps(document), *more)
    assert issued["result"] == "success", issued
    found = called(place, "verify", f"{what}_{how}", issued["data"])
    assert found["result"] == "success", found
    middle = len(issued["data"]) // 2
    other = "A" if issued["data"][middle] != "A" else "B"
    broken = issued["data"][:middle] + other + issued["data"][middle + 1 :]
    assert called(place, "verify", f"{what}_{how}", broken)["result"] == "failure"
    assert called(place, "verify", f"{what}_{how}", json.dumps(document))["result"] == "failure"
    assert (
        called(place, "issue", f"{what}_{how}", json.dumps({"type": document["type"]}))["result"] == "failure"
    )


def test_a_suite_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotPrepared, match=SUITES[0].repository):
        prepare(tmp_path, SUITES[0])


def test_the_configuration_is_a_module(tmp_path: Path) -> None:
    configure(tmp_path, {"name": "one"}, {"name": "two"})
    text = (tmp_path / "localConfig.cjs").read_text()
    config = json.loads(text.removeprefix("module.exports = ").rstrip().removesuffix(";"))
    assert [each["name"] for each in config["implementations"]] == ["one", "two"]
