"""The schemas that issuers name: of credentials, and of the extensions of Open Badges 2.0."""

import base64
import hashlib
import json
from typing import Any

import pytest

from shared.vc.policy import STRICT
from shared.vc.report import Report
from tests.harness.credentials import Issuer, Network, codes, report_on

pytestmark = pytest.mark.anyio
ADDRESS = "https://issuer.example/schema.json"
STRING_NAME = {"properties": {"name": {"type": "string"}}, "required": ["name"]}
EXTENSIONS = "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"
OB2 = "https://w3id.org/openbadges/v2"


@pytest.fixture
def network() -> Network:
    return Network()


async def judged(
    network: Network, *, kind: str = "JsonSchema", name: object = "Robotics", **more: Any
) -> Report:
    issuer = Issuer(network)
    document = issuer.badge(credentialSchema={"id": ADDRESS, "type": kind, **more}, name=name)
    document["@context"] = [*document["@context"], EXTENSIONS]
    return await report_on(issuer.sign(document), network)


async def test_a_badge_that_fits(network: Network) -> None:
    network.put(ADDRESS, STRING_NAME)
    report = await judged(network)
    assert report.verdict == "accepted", report.summary
    check = report.check("schema")
    assert (check.outcome, check.code, check.details) == ("passed", "schema.valid", {"schema": ADDRESS})
    assert [one.url for one in report.fetched if one.url == ADDRESS] == [ADDRESS]


async def test_a_badge_that_does_not_fit_is_rejected(network: Network) -> None:
    network.put(ADDRESS, {"properties": {"name": {"maxLength": 3}}})
    report = await judged(network)
    assert report.verdict == "rejected"
    assert codes(report, "failed") == ["schema.invalid"]
    assert "'Robotics' is too long at /name" in report.summary
    assert report.check("schema").details == {"schema": ADDRESS, "misfits": ["/name"]}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (None, "schema.unreachable"),
        (b"[]", "schema.malformed"),
        (b'{"type": 17}', "schema.malformed"),
        (b'{"type": "object", "type": "array"}', "schema.malformed"),
        (b'{"unevaluatedProperties": false}', "schema.not_supported"),
        (b'{"$ref": "#"}', "schema.too_complex"),
        (b'{"title": "' + b"a" * 200_000 + b'"}', "schema.unreachable"),
    ],
)
async def test_what_cannot_be_applied_is_told(network: Network, body: bytes | None, code: str) -> None:
    if body is not None:
        network.put(ADDRESS, body)
    report = await judged(network)
    assert codes(report, "inconclusive") == [code]
    # The W3C leaves it to the verifier whether to apply its kind; Open Badges demands that of its own.
    assert report.verdict == "accepted"
    report = await judged(network, kind="1EdTechJsonSchemaValidator2019")
    assert "schema.not_applied" in codes(report, "inconclusive")
    assert report.verdict == "undetermined"


async def test_an_unsigned_badge_is_no_reason_to_fetch(network: Network) -> None:
    issuer = Issuer(network)
    document = issuer.sign(issuer.badge(credentialSchema={"id": ADDRESS, "type": "JsonSchema"}))
    report = await report_on({**document, "name": "Other"}, network)
    assert report.check("proof").outcome == "failed"
    assert codes(report, "skipped").count("schema.not_applied") == 1
    assert ADDRESS not in network.asked


async def test_the_schema_that_was_meant(network: Network) -> None:
    network.put(ADDRESS, STRING_NAME)
    body = json.dumps(STRING_NAME).encode()
    meant = "sha384-" + base64.b64encode(hashlib.sha384(body).digest()).decode()
    assert (await judged(network, digestSRI=meant)).verdict == "accepted"
    other = await judged(network, digestSRI="sha384-" + base64.b64encode(bytes(48)).decode())
    assert codes(other, "inconclusive") == ["schema.changed"]
    assert codes(await judged(network, digestSRI="crc32-AAAA"), "inconclusive") == ["schema.changed"]


async def test_kinds_that_are_not_applied(network: Network) -> None:
    report = await judged(network, kind="JsonSchemaCredential")
    assert codes(report, "inconclusive") == ["schema.not_supported"]
    assert report.verdict == "accepted"
    assert ADDRESS not in network.asked
    issuer = Issuer(network)
    signed = issuer.sign(issuer.badge(credentialSchema={"id": ADDRESS, "type": "JsonSchemaCredential"}))
    assert (await report_on(signed, network, policy=STRICT)).verdict == "undetermined"


# --- Open Badges 2.0 ----------------------------------------------------------------------------

CONTEXT = "https://school.example/extensions/level/context.json"
SCHEMA = "https://school.example/extensions/level/schema.json"


def extended(network: Network, value: object, **extension: Any) -> dict[str, Any]:
    """A hosted assertion with an extension, and everything that it refers to."""
    host = "https://school.example"
    level = {"@context": CONTEXT, "type": ["Extension", "extensions:Level"], "level": value, **extension}
    assertion = {
        "@context": OB2,
        "type": "Assertion",
        "id": f"{host}/assertions/1",
        "recipient": {"type": "email", "hashed": False, "identity": "ada@example.org"},
        "badge": f"{host}/badge",
        "issuedOn": "2020-01-01T00:00:00Z",
        "verification": {"type": "hosted"},
        "extensions:level": level,
    }
    badge = {"@context": OB2, "type": "BadgeClass", "id": f"{host}/badge", "name": "Robotics"}
    badge |= {"description": "Builds.", "criteria": f"{host}/criteria", "issuer": f"{host}/about"}
    about = {"@context": OB2, "type": "Issuer", "id": f"{host}/about", "name": "School"}
    for page in (assertion, badge, about):
        network.put(page["id"], page)
    validation = [{"obi:validatesType": "obi:extensions/#Level", "obi:validationSchema": SCHEMA}]
    network.put(
        CONTEXT, {"@context": {"level": "https://school.example/vocab#level"}, "obi:validation": validation}
    )
    network.put(SCHEMA, {"properties": {"level": {"type": "string"}}, "required": ["level"]})
    return assertion


async def test_an_extension_that_fits_its_schema(network: Network) -> None:
    report = await report_on(extended(network, "Master"), network)
    assert report.verdict == "accepted", report.summary
    check = report.check("schema")
    assert (check.code, check.pointer) == ("schema.valid", "/extensions:level")


async def test_an_extension_that_breaks_its_schema(network: Network) -> None:
    report = await report_on(extended(network, 7), network)
    assert report.verdict == "rejected"
    assert codes(report, "failed") == ["schema.invalid"]


async def test_an_extension_written_with_the_full_name_of_its_property(network: Network) -> None:
    badge = extended(network, 7)
    level = badge["extensions:level"]
    level["https://school.example/vocab#level"] = level.pop("level")
    network.put(badge["id"], badge)
    assert codes(await report_on(badge, network), "failed") == ["schema.invalid"]


async def test_an_extension_of_another_class_has_no_schema(network: Network) -> None:
    report = await report_on(extended(network, 7, type=["Extension", "extensions:Other"]), network)
    assert report.check("schema") is None
    assert report.verdict == "accepted"


async def test_an_extension_whose_schema_is_away_is_told(network: Network) -> None:
    badge = extended(network, 7)
    del network.pages[SCHEMA]
    report = await report_on(badge, network)
    assert codes(report, "inconclusive") == ["schema.unreachable"]
    assert report.verdict == "accepted"
    del network.pages[CONTEXT]
    assert codes(await report_on(badge, network), "inconclusive") == ["schema.unreachable"]


async def test_no_more_extensions_than_are_looked_at(network: Network) -> None:
    badge = extended(network, "Master")
    badge |= {f"extensions:level{n}": badge["extensions:level"] for n in range(30)}
    network.put(badge["id"], badge)
    report = await report_on(badge, network)
    assert codes(report, "inconclusive") == ["schema.too_complex"]
    assert [one for one in codes(report, "passed") if one == "schema.valid"] == ["schema.valid"] * 8
