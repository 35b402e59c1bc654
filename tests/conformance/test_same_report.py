"""`confer verify` and `POST /v1/verifications` give the same report: both as real processes, on inputs of every format.

What they fetch is served by a server of this test on the loopback interface, which the embedded profile reaches.
"""

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.vc import multikey
from shared.vc.dids import DocumentKey, did_web, did_web_url, web_document
from shared.vc.keys import Algorithm, SigningKey
from shared.vc.proofs import data_integrity, jwt
from shared.vc.status import StatusBits, status_entry, status_list_credential
from tests.conformance.badges import CREATED, EMAIL, unsigned
from tests.conformance.formats import samples
from tests.harness.processes import free_port, start, stop, until

Json = dict[str, Any]
_TIMES = ("id", "verified_at")
OB2 = "https://w3id.org/openbadges/v2"


class Documents:
    """A web server for what issuers publish; every request is noted."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        pages = self.pages

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = pages.get(self.path.partition("?")[0])
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_: object) -> None:
                """Silent."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def put(self, path: str, page: Json) -> str:
        self.pages[path] = json.dumps(page).encode()
        return self.base + path


class School:
    """An issuer with a did:web on the loopback interface, a status list, and a schema."""

    def __init__(self, web: Documents) -> None:
        self.web, self.key = web, SigningKey.generate()
        self.did = did_web(web.base, "issuers", "1")
        web.put(
            did_web_url(self.did).removeprefix(web.base),
            web_document(self.did, [DocumentKey(self.key.public)]),
        )
        bits = StatusBits()
        bits.set(7)
        url = f"{web.base}/status/1"
        listing = status_list_credential(url=url, issuer=self.did, bits=bits, valid_from=CREATED)
        self.list = web.put("/status/1", self.sign(listing))
        self.schema = web.put("/schema.json", {"properties": {"name": {"maxLength": 60}}})
        statement = {"recogniser": {"organisation": "1", "name": "The ministry"}, "issuer": self.did}
        web.put("/v1/recognitions", {"items": [{**statement, "scope": None, "state": "active"}]})

    def sign(self, document: Json) -> Json:
        method = f"{self.did}#{multikey.encode(self.key.public)}"
        return data_integrity.sign(document, key=self.key, verification_method=method, created=CREATED)

    def award(self, **changes: Any) -> bytes:
        document = unsigned(self.did, subject="did:example:mira") | changes
        return json.dumps(self.sign(document)).encode()


def inputs(school: School) -> dict[str, bytes | str]:
    """One input of each format, and those that fail, each in its own way."""
    wanted = {
        "eddsa-rdfc-2022",
        "ecdsa-jcs-2019 P-384",
        "ecdsa-sd-2023 base",
        "ecdsa-sd-2023 derived",
        "JWT RS256",
    }
    wanted |= {
        "vc+jwt ES384",
        "vc+sd-jwt ES256",
        "PNG, JWT",
        "SVG, JSON",
        "endorsed badge",
        "endorsement, JWT",
    }
    found: dict[str, bytes | str] = {}
    for one in samples():
        if one.name in wanted:
            found[one.name] = _bytes(one.secured)
        if one.name in {"eddsa-rdfc-2022", "JWT RS256", "PNG, JWT"}:
            found[f"{one.name}, tampered with"] = _bytes(one.tampered)
    schema = {"id": school.schema, "type": "JsonSchema"}
    entry = {"credentialStatus": status_entry(school.list, 5)}
    away = {"credentialStatus": status_entry(f"{school.web.base}/away", 5)}
    plain = json.loads(school.award())
    key = SigningKey.generate(Algorithm.P256)
    unbound = jwt.sign(unsigned(f"{school.web.base}/nobody", subject="did:example:m"), key=key, with_key=True)
    hosted = {
        "@context": OB2,
        "type": "Assertion",
        "id": f"{school.web.base}/assertions/1",
        "badge": f"{school.web.base}/b",
    }
    hosted |= {
        "recipient": {"type": "email", "hashed": False, "identity": EMAIL},
        "issuedOn": "2020-01-01T00:00:00Z",
    }
    hosted |= {"verification": {"type": "hosted"}}
    school.web.put("/assertions/1", hosted)
    school.web.put(
        "/b", {"@context": OB2, "type": "BadgeClass", "id": f"{school.web.base}/b", "name": "Robotics"}
    )
    return found | {
        "fetched keys, list and schema": school.award(**entry, credentialSchema=schema),
        "revoked": school.award(credentialStatus=status_entry(school.list, 7)),
        "a list that is away": school.award(**away),
        "expired": school.award(validUntil="2026-01-02T00:00:00Z"),
        "breaks its schema": school.award(name="x" * 61, credentialSchema=schema),
        "an undefined term": json.dumps({**plain, "unheard": "of"}).encode(),
        "another context": json.dumps(
            {**plain, "@context": [*plain["@context"], "https://e.example/c"]}
        ).encode(),
        "no proof": json.dumps({name: one for name, one in plain.items() if name != "proof"}).encode(),
        "duplicate keys": b'{"type": ["VerifiableCredential"], "type": ["OpenBadgeCredential"]}',
        "an unbound key": unbound.encode(),
        "Open Badges 2.0, incomplete": json.dumps(hosted).encode(),
        "behind an address": school.web.put("/badge.json", plain),
    }


def _bytes(secured: Any) -> bytes:
    if isinstance(secured, bytes):
        return secured
    return secured.encode() if isinstance(secured, str) else json.dumps(secured).encode()


@pytest.fixture(scope="module")
def school() -> Iterator[School]:
    web = Documents()
    yield School(web)
    web.server.shutdown()
    web.server.server_close()


@pytest.fixture(scope="module")
def verifier(school: School, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("verifier"), free_port()
    settings = {
        "CONFER_DATA_DIR": str(folder),
        "CONFER_VERIFIER_PORT": str(port),
        "CONFER_VERIFIER_ANONYMOUS_PER_MINUTE": "10000",
        "CONFER_DIRECTORY_URL": school.web.base,
    }
    log, url = folder / "log", f"http://localhost:{port}"
    process = start([sys.executable, "-m", "services.verifier", "serve"], log, environment=settings)

    def ready() -> bool:
        try:
            return httpx.get(f"{url}/readyz").status_code == 200
        except httpx.TransportError:
            return False

    try:
        until(ready, process, log, 60)
        yield url
    finally:
        stop(process, signal.SIGTERM)


def typed(given: Mapping[str, bytes | str], folder: Path, registry: str, *more: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of one run of the command over these files and addresses."""
    files: list[Path | str] = []
    for number, data in enumerate(given.values()):
        files.append(data if isinstance(data, str) else folder / f"{number}")
        if isinstance(data, bytes):
            (folder / f"{number}").write_bytes(data)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CONFER_")}
    command = [sys.executable, "-m", "services", "verify", *map(str, files), "--registry", registry, *more]
    run = subprocess.run(command, capture_output=True, timeout=120, check=False, env=environment)
    return run.returncode, run.stdout.decode(), run.stderr.decode()


def posted(url: str, data: bytes | str) -> httpx.Response:
    if isinstance(data, str):
        return httpx.post(f"{url}/v1/verifications", json={"url": data}, timeout=60)
    return httpx.post(
        f"{url}/v1/verifications",
        content=data,
        headers={"Content-Type": "application/octet-stream"},
        timeout=60,
    )


def without_times(report: Json) -> Json:
    """The report without what differs from one moment to the next; that it is there is looked at on the way."""
    kept = {name: value for name, value in report.items() if name not in _TIMES}
    assert report["id"]
    assert report["verified_at"]
    for source in kept["fetched"]:
        assert source.pop("fetched_at")
        assert source.pop("age_seconds") >= 0
        assert len(source["sha256"]) == 64
    for check in kept["checks"]:
        assert check.get("details", {}).pop("list_age_seconds", 0) >= 0
    for one in kept["recognitions"]:
        assert one.pop("checked_at")
    return kept


def test_the_same_report_field_by_field(school: School, verifier: str, tmp_path: Path) -> None:
    given = inputs(school)
    status, printed, problem = typed(given, tmp_path, school.web.base, "--json")
    assert (status, problem) == (1, ""), "one of them is rejected"
    verdicts, fetched = {}, 0
    for (name, data), line in zip(given.items(), printed.splitlines(), strict=True):
        mine, theirs = json.loads(line), posted(verifier, data).json()
        one, other = without_times(mine), without_times(theirs)
        for mine_check, their_check in zip(one["checks"], other["checks"], strict=True):
            assert mine_check == their_check, name
        assert one == other, name
        for check in mine["checks"]:
            assert check["outcome"] in {"passed", "failed", "inconclusive", "skipped"}, name
            assert check["reason"], name
        verdicts[name] = mine["verdict"]
        fetched += len(mine["fetched"])
    assert set(verdicts.values()) == {"accepted", "rejected", "undetermined"}
    assert verdicts["fetched keys, list and schema"] == "accepted"
    assert verdicts["breaks its schema"] == verdicts["revoked"] == "rejected"
    assert verdicts["a list that is away"] == "undetermined"
    assert len(given) >= 20
    assert fetched >= 10


def test_what_is_no_badge_is_refused_by_both(school: School, verifier: str, tmp_path: Path) -> None:
    given = {"cut": b"{", "empty": b"{}", "image": b"\x89PNG\r\n\x1a\n"}
    status, printed, problem = typed(given, tmp_path, school.web.base, "--json")
    assert (status, printed) == (2, "")
    for data, line in zip(given.values(), problem.splitlines(), strict=True):
        answer = posted(verifier, data)
        assert answer.status_code in {400, 422}, answer.text
        assert answer.json()["detail"].rstrip(".") in line


def test_the_report_as_text_says_what_the_report_says(school: School, tmp_path: Path) -> None:
    wanted = ("fetched keys, list and schema", "revoked")
    given = {name: data for name, data in inputs(school).items() if name in wanted}
    status, printed, _ = typed(given, tmp_path, school.web.base)
    assert status == 1
    first, second = printed.split(f"{tmp_path}/1\n")
    file, verdict, badge, *lines = first.splitlines()
    assert file == f"{tmp_path}/0"
    assert verdict.startswith("accepted  Accepted: ")
    assert badge == "  ob3-data-integrity in json: Bookbinding, with “distinction”, by A school by the sea"
    assert any(line.startswith("  ✓ passed        schema ") for line in lines), printed
    assert any("recognition" in line and "The ministry" in line for line in lines), printed
    for path in ("/issuers/1/did.json", "/status/1", "/schema.json"):
        (told,) = [line for line in lines if line.startswith(f"  fetched         {school.web.base}{path}  ")]
        assert "  sha256 " in told
    assert second.startswith("rejected  ")
    assert "(status.revoked at /credentialStatus)" in second
