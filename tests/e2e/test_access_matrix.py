"""The access matrix: two organisations and two learners, every role, every operation. Nothing is read or written across.

The rows are generated from the applications themselves, so a new operation is in the matrix at once: it fails here until
`BODIES` says what a good request to it looks like. The last test sends the same requests as their owner, which shows that
every refusal above was a refusal of the caller and not of the request.
"""

import json
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.directory.scopes import ROLES, SCOPES
from shared.http.client import Client, Response, open_client
from shared.http.openapi import Operation, operations
from tests.harness.platform import Platform, platform
from tests.harness.services import service_of
from tests.harness.story import ELSEWHERE, Story

CANARY = "Canary-" + secrets.token_hex(8)
CHANGED = "A changed text"
REFUSED = {401, 403, 404}
TENANT_SERVICES = ("issuer", "verifier", "directory", "backpack")
BY_SESSION_ONLY = re.compile(r"^/v1/(members/me|sessions|invitations)|^/oauth/|^/invitation|^/$")
"""What a person does with her own session: her account and the pages; organisations have no part in it."""


def _operations(service: str, data_dir: Path) -> list[Operation]:
    with service_of(service, data_dir) as made:
        return list(operations(made.build()))


class Matrix:
    """A's resources, both sides' tokens, and how to send any operation with A's ids in it."""

    def __init__(self, running: Platform, story: Story) -> None:
        self.running = running
        self.story = story
        self.tokens: dict[tuple[str, str, str], str] = {}
        self.ids = story.resources(CANARY)
        for side in ("a", "b"):
            for role, scopes in ROLES.items():
                client = story.client(side, f"{side} {role}", sorted(scopes))
                for service in TENANT_SERVICES:
                    wanted = sorted(scopes & set(SCOPES[service]))
                    if wanted:
                        self.tokens[side, role, service] = story.token(client, service, wanted)

    def send(self, client: Client, service: str, operation: Operation, token: str | None) -> Response:
        path = operation.path.format_map(self.ids[service])
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        body = self.bodies().get(operation.operation_id, {})
        if operation.method in {"PUT", "PATCH", "DELETE"} and "if_match" not in body:
            headers["If-Match"] = "*"
        return client.request(
            operation.method, path, headers={**headers, **body.get("headers", {})}, **body.get("with", {})
        )

    def bodies(self) -> dict[str, dict[str, Any]]:
        """A good request of each operation that takes a body, with A's ids wherever it refers to something."""
        issuer, verifier = self.ids["issuer"], self.ids["verifier"]

        def sent(body: Any) -> dict[str, Any]:
            return {"with": {"json": body}}

        award = {
            "achievement": issuer["achievement_id"],
            "recipient": {"type": "emailAddress", "identity": f"x{secrets.token_hex(6)}@learner.example"},
        }
        achievement = {"name": CHANGED, "description": CHANGED, "criteria": {"narrative": "Do it."}}
        rules = {"require_recognition": True}
        png = Path(__file__).parent.joinpath("data", "dot.png").read_bytes()
        return {
            "create_profile": sent({"profile": {"name": "Another"}}),
            "change_profile": sent({"profile": {"name": CHANGED}}),
            "close_profile": sent({}),
            "rotate_key": {},
            "open_vc_api_instance": sent({"securing": "eddsa-jcs-2022"}),
            "close_vc_api_instance": {},
            "issue_credential": sent({"credential": self.story.credential(issuer["instance_did"])}),
            "derive_credential": sent({"verifiableCredential": self.story.base_credential}),
            "set_credential_status": sent(
                {
                    "credentialId": issuer["credential_id"],
                    "credentialStatus": {"type": "BitstringStatusListEntry", "statusPurpose": "revocation"},
                    "status": True,
                }
            ),
            "compromise_key": sent({}),
            "create_achievement": sent({"profile": issuer["profile_id"], "achievement": achievement}),
            "change_achievement": sent({"achievement": achievement}),
            "upload_achievement_image": {
                "with": {"content": png, "params": {"caption": "A dot"}},
                "headers": {"Content-Type": "image/png"},
            },
            "upload_evidence": {"with": {"files": {"file": ("a.txt", b"text", "text/plain")}}},
            "change_evidence": sent({"name": CHANGED}),
            "create_awards_in_bulk": sent([award]),
            "change_awards_in_bulk": sent({"action": "revoke", "awards": [issuer["award_id"]]}),
            "create_award": sent(award),
            "revoke_award": sent({}),
            "suspend_award": sent({}),
            "reinstate_award": sent({}),
            "replace_award": sent({"description": CHANGED}),
            "repair_job": sent({"rows": []}),
            "verify_one": sent({"credential": {"type": "nothing"}, "policy": verifier["policy_name"]}),
            "verify_batch": sent({"items": [{"credential": {}}], "policy": verifier["policy_name"]}),
            "create_policy": sent({"name": f"p-{secrets.token_hex(4)}", **rules}),
            "replace_policy": sent({"name": f"p-{secrets.token_hex(4)}", **rules}),
            "change_organisation": sent({"name": CHANGED}),
            "invite_member": sent({"login": f"login-{secrets.token_hex(6)}", "roles": ["auditor"]}),
            "change_member": sent({"roles": ["auditor"]}),
            "create_client": sent({"name": "Another", "scopes": ["awards:read"]}),
            "change_client": sent({"name": CHANGED}),
            "rotate_client_secret": sent({}),
            "give_recognition": sent({"issuer": ELSEWHERE, "reason": CHANGED}),
            "withdraw_recognition": sent({}),
            "create_webhook": sent({"url": "https://partner.example/hook"}),
            "change_webhook": sent({"description": CHANGED}),
            "rotate_webhook_secret": sent({}),
            "replay_webhook": sent({"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}),
        }


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with platform(tmp_path_factory.mktemp("matrix")) as up:
        yield up


@pytest.fixture(scope="module")
def matrix(running: Platform) -> Matrix:
    return Matrix(running, Story(running))


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Operation]]:
    data_dir = tmp_path_factory.mktemp("applications")
    return {name: _operations(name, data_dir) for name in TENANT_SERVICES}


@pytest.fixture(params=TENANT_SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _closed(rows: dict[str, list[Operation]], service: str) -> list[Operation]:
    """The operations that need a token, and are not about the caller's own session. What asks for no scope at the backpack
    is a learner's.
    """
    found = [o for o in rows[service] if not o.anonymous and not BY_SESSION_ONLY.match(o.path)]
    return [o for o in found if o.scopes] if service == "backpack" else found


def _refers_to_a(operation: Operation, matrix: Matrix) -> bool:
    body = json.dumps(matrix.bodies().get(operation.operation_id, {}).get("with", {}), default=str)
    ids = {value for known in matrix.ids.values() for value in known.values()}
    return "{" in operation.path or any(value in body for value in ids)


def test_every_operation_with_a_body_is_in_the_matrix(
    matrix: Matrix, rows: dict[str, list[Operation]]
) -> None:
    bodies = matrix.bodies()
    for name in TENANT_SERVICES:
        document = json.loads(
            (Path(__file__).parents[2] / "docs" / "openapi" / f"{name}.json").read_text("utf-8")
        )
        closed = {o.operation_id for o in _closed(rows, name)}
        for methods in document["paths"].values():
            for operation in methods.values():
                if "requestBody" in operation and operation["operationId"] in closed:
                    assert operation["operationId"] in bodies, (
                        f"{operation['operationId']}: say what a good request is"
                    )


def test_nobody_gets_in_without_a_token(
    service: str, matrix: Matrix, rows: dict[str, list[Operation]]
) -> None:
    with open_client(getattr(matrix.running, service)) as client:
        for operation in _closed(rows, service):
            answer = matrix.send(client, service, operation, token=None)
            assert answer.status_code == 401, f"{operation.method} {operation.path}: {answer.status_code}"
            assert "www-authenticate" in answer.headers, operation.path


def test_a_token_for_another_service_is_refused(
    service: str, matrix: Matrix, rows: dict[str, list[Operation]]
) -> None:
    other = next(name for name in TENANT_SERVICES if name != service)
    with open_client(getattr(matrix.running, service)) as client:
        for operation in _closed(rows, service):
            answer = matrix.send(client, service, operation, matrix.tokens["a", "owner", other])
            assert answer.status_code == 401, f"{operation.method} {operation.path}: {answer.status_code}"


@pytest.mark.parametrize("role", ROLES)
def test_another_organisation_reads_and_writes_nothing(
    service: str, role: str, matrix: Matrix, rows: dict[str, list[Operation]]
) -> None:
    token = matrix.tokens.get(("b", role, service))
    if token is None:
        assert not ROLES[role] & set(SCOPES[service])  # type: ignore[index]  # a role, by parametrisation
        return
    before = matrix.story.snapshot()
    with open_client(getattr(matrix.running, service)) as client:
        for operation in _closed(rows, service):
            answer = matrix.send(client, service, operation, token)
            where = f"{role}: {operation.method} {operation.path}: {answer.status_code} {answer.text[:300]}"
            assert CANARY not in answer.text, where
            assert answer.status_code < 500, where
            if answer.status_code == 202:
                matrix.story.must_fail_every_row(service, answer.json()["id"], token)
            elif _refers_to_a(operation, matrix):
                assert answer.status_code in REFUSED or _is_own_refusal(answer), where
    assert matrix.story.snapshot() == before, f"{role} of another organisation changed something"


def _is_own_refusal(answer: Response) -> bool:
    """What is referred to in a body is said to be unknown: it does not exist for the other organisation."""
    unknown: dict[int, set[str]] = {422: {"policy-unknown", "unknown-policy"}, 400: {"no-such-issuer"}}
    return answer.json()["code"] in unknown.get(answer.status_code, set())


@pytest.mark.parametrize("role", ROLES)
def test_a_role_does_what_it_holds_and_no_more(
    service: str, role: str, matrix: Matrix, rows: dict[str, list[Operation]]
) -> None:
    token = matrix.tokens.get(("a", role, service))
    held = ROLES[role]  # type: ignore[index]  # a role, by parametrisation
    if token is None:
        return
    before = matrix.story.snapshot()
    with open_client(getattr(matrix.running, service)) as client:
        for operation in _closed(rows, service):
            if set(operation.scopes) <= held:
                if operation.method == "GET":
                    answer = matrix.send(client, service, operation, token)
                    assert answer.status_code == 200, f"{role}: {operation.path}: {answer.text[:300]}"
                continue
            answer = matrix.send(client, service, operation, token)
            assert answer.status_code == 403, (
                f"{role}: {operation.method} {operation.path}: {answer.status_code}"
            )
            assert any(scope in answer.json()["detail"] for scope in operation.scopes), answer.text
    assert matrix.story.snapshot() == before, f"a {role} changed something without the scope"


def test_another_learner_reads_and_writes_nothing(matrix: Matrix, rows: dict[str, list[Operation]]) -> None:
    theirs = matrix.story.learner_token("b")
    mine = matrix.story.learner_snapshot()
    with open_client(matrix.running.backpack) as client:
        for operation in rows["backpack"]:
            if operation.anonymous or "{" not in operation.path:
                continue
            answer = matrix.send(client, "backpack", operation, theirs)
            where = f"{operation.method} {operation.path}: {answer.status_code} {answer.text[:200]}"
            assert answer.status_code in REFUSED | {303}, where
            assert CANARY not in answer.text, where
    assert matrix.story.learner_snapshot() == mine


def test_the_owner_is_let_in(service: str, matrix: Matrix, rows: dict[str, list[Operation]]) -> None:
    """The control, and last because it changes things: the same requests, from whom they belong to."""
    order = {"GET": 0, "POST": 1, "PUT": 2, "PATCH": 2, "DELETE": 4}
    final = re.compile(r"/(close|archive|cancel|revoke|compromise)$")
    chosen = sorted(
        _closed(rows, service), key=lambda o: (bool(final.search(o.path)), order[o.method], "close" in o.path)
    )
    with open_client(getattr(matrix.running, service)) as client:
        for operation in chosen:
            answer = matrix.send(client, service, operation, _everything(matrix, service))
            where = f"{operation.method} {operation.path}: {answer.status_code} {answer.text[:300]}"
            assert answer.status_code not in {400, 401, 403, 415, 500, 503}, where


def _everything(matrix: Matrix, service: str) -> str:
    """The owner's whole authority; at the directory that is her session, because nobody gives away more than she holds."""
    if service == "directory":
        return str(matrix.story.organisations["a"]["session"])
    return matrix.tokens["a", "owner", service]
