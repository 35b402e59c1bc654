"""What every service answers alike: refusals, surprises, probes, headers."""

import json
import logging
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from shared.http.problems import registered
from tests.unit.http.application import client, failing, service

pytestmark = pytest.mark.anyio
JSON = {"content-type": "application/json"}


def problem(answer: httpx.Response, status: int, code: str) -> Any:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code), body
    assert body["type"] == f"https://things.example.org/problems/{code}"
    assert body["request_id"] == answer.headers["x-request-id"]
    assert body["title"]
    assert body["detail"]
    return body


async def test_unknown_and_missing_fields_are_named() -> None:
    async with client(x_who="alice") as alice:
        alice.headers["x-who"] = "alice"
        answer = await alice.post(
            "/v1/things", json={"colour": "red", "metadata": {"a": 1}, "at": "yesterday"}
        )
        errors = {
            error["pointer"]: error["detail"] for error in problem(answer, 422, "invalid-request")["errors"]
        }
        assert errors.keys() == {"/name", "/colour", "/metadata/a", "/at"}
        assert "not a field" in errors["/colour"]
        assert "required" in errors["/name"]


async def test_what_was_sent_is_not_repeated() -> None:
    async with client() as alice:
        alice.headers["x-who"] = "alice"
        answer = await alice.post("/v1/things", json={"name": {"secret": "hunter2"}})
        assert "hunter2" not in answer.text


@pytest.mark.parametrize(
    ("name", "pointer"), [("a/b", "/a~1b"), ("~", "/~0"), ("é", "/é"), ("x" * 500, "/" + "x" * 200)]
)
async def test_pointers_are_escaped(name: str, pointer: str) -> None:
    async with client() as alice:
        alice.headers["x-who"] = "alice"
        answer = await alice.post("/v1/things", json={"name": "n", name: 1})
        assert problem(answer, 422, "invalid-request")["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff",
        b'{"name": "a", "name": "b"}',
        b'{"name": NaN}',
        b'{"name": "\\ud800"}',
        b'{"a":' * 2000 + b"1" + b"}" * 2000,
        b"nope",
        b'{"name": 1e999}',
    ],
)
async def test_unparseable_is_400(body: bytes) -> None:
    async with client() as alice:
        alice.headers["x-who"] = "alice"
        problem(await alice.post("/v1/things", content=body, headers=JSON), 400, "unparseable")


async def test_nul_is_refused_wherever_it_stands() -> None:
    async with client() as alice:
        alice.headers["x-who"] = "alice"
        for body in (
            {"name": "a\0"},
            {"name": "a", "metadata": {"k\0": "v"}},
            {"name": "a", "metadata": {"k": "v\0"}},
        ):
            problem(await alice.post("/v1/things", json=body), 422, "invalid-request")


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "application/jsonx", "text/json"])
async def test_other_media_types_are_415(media_type: str) -> None:
    async with client() as alice:
        alice.headers["x-who"] = "alice"
        answer = await alice.post(
            "/v1/things", content=b'{"name": "a"}', headers={"content-type": media_type}
        )
        assert problem(answer, 415, "unsupported-media-type")["supported"] == ["application/json"]
        good = await alice.post(
            "/v1/things", content=b'{"name": "a"}', headers={"content-type": "application/vnd.x+json"}
        )
        assert good.status_code == 201


async def test_no_body_at_all() -> None:
    async with client() as alice:
        alice.headers["x-who"] = "alice"
        problem(await alice.post("/v1/things"), 422, "invalid-request")


async def test_too_large_is_413_declared_or_not() -> None:
    large = json.dumps({"name": "x" * (1024 * 1024)}).encode()

    async def parts() -> Any:
        for start in range(0, len(large), 65536):
            yield large[start : start + 65536]

    async with client() as alice:
        alice.headers["x-who"] = "alice"
        assert (
            problem(await alice.post("/v1/things", content=large, headers=JSON), 413, "too-large")["limit"]
            == 1024 * 1024
        )
        problem(await alice.post("/v1/things", content=parts(), headers=JSON), 413, "too-large")
        assert (await alice.post("/v1/things/large", content=parts(), headers=JSON)).status_code == 200
        problem(await alice.post("/v1/things/large", content=large * 3, headers=JSON), 413, "too-large")
        form = await alice.post("/v1/things/form", data={"name": "x" * 2_000_000})
        problem(form, 413, "too-large")


async def test_forms() -> None:
    async with client() as anyone:
        assert (await anyone.post("/v1/things/form", data={"name": "ada"})).json() == "ada"
        body = problem(
            await anyone.post("/v1/things/form", data={"name": "too long"}), 422, "invalid-request"
        )
        assert body["errors"][0]["pointer"] == "/name"


async def test_a_business_refusal_carries_its_extensions() -> None:
    async with client() as alice:
        alice.headers["x-who"] = "alice"
        assert (
            problem(await alice.post("/v1/things", json={"name": "taken"}), 409, "conflict")["existing"]
            == "x"
        )


async def test_access() -> None:
    async with client() as caller:
        answer = await caller.post("/v1/things", json={"name": "a"})
        problem(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"
        caller.headers["x-who"] = "rita"
        answer = await caller.post("/v1/things", json={"name": "a"})
        assert problem(answer, 403, "forbidden")["required_scope"] == "things:write"
        assert 'error="insufficient_scope", scope="things:write"' in answer.headers["www-authenticate"]
        assert (await caller.get(f"/v1/things/{'0' * 32}")).json()["actor"] == "member:rita"
        del caller.headers["x-who"]
        assert (await caller.get(f"/v1/things/{'0' * 32}")).json()["actor"] is None


async def test_nothing_of_our_insides_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with client() as anyone:
        answer = await anyone.get("/v1/faults/bug")
        problem(answer, 500, "internal-error")
        assert "secret" not in answer.text
        logged = [
            json.loads(record.getMessage())
            for record in caplog.records
            if "request.failed" in record.getMessage()
        ]
        assert len(logged) == 1
        assert "KeyError" in logged[0]["exception"]
        assert "fault_bug" in logged[0]["exception"]
        assert logged[0]["request_id"] == answer.headers["x-request-id"]
        assert "secret@example.org" not in caplog.text
        problem(await anyone.get("/v1/faults/file"), 500, "internal-error")


@pytest.mark.parametrize("path", ["database", "connection"])
async def test_what_is_out_of_reach_is_503(path: str) -> None:
    async with client() as anyone:
        answer = await anyone.get(f"/v1/faults/{path}")
        problem(answer, 503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0
        assert "secret" not in answer.text
        assert "10.0.0.1" not in answer.text


async def test_unknown_paths_and_methods() -> None:
    async with client() as anyone:
        problem(await anyone.get("/v1/nothing"), 404, "not-found")
        problem(await anyone.get("/v1/things/"), 404, "not-found")
        answer = await anyone.delete("/v1/things")
        problem(answer, 405, "method-not-allowed")
        assert answer.headers["allow"]


async def test_another_standards_shape() -> None:
    async with client() as anyone:
        answer = await anyone.post("/oauth/token", data={"grant_type": "x"})
        assert (answer.status_code, answer.json()["error"]) == (404, "invalid_request")
        answer = await anyone.post("/oauth/token", data={})
        assert (answer.status_code, answer.json()["error"]) == (422, "invalid_request")
        answer = await anyone.post("/oauth/token", data={"grant_type": "bug"})
        assert (answer.status_code, answer.json()["error"]) == (500, "invalid_request")


async def test_browsers_get_pages_but_not_below_v1() -> None:
    html = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    async with client() as browser:
        answer = await browser.get("/nothing", headers=html)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert "<h1>Not found</h1>" in answer.text
        assert "script" not in answer.headers["content-security-policy"].replace("default-src", "")
        problem(await browser.get("/v1/nothing", headers=html), 404, "not-found")
        page = await browser.get("/problems/conflict", headers=html)
        assert "<h1>The resource" in page.text
        style = page.text.split('rel="stylesheet" href="')[1].split('"')[0]
        sheet = await browser.get(style)
        assert sheet.headers["content-type"].startswith("text/css")
        assert "immutable" in sheet.headers["cache-control"]


async def test_conditional_changes() -> None:
    path = f"/v1/things/{'0' * 32}"
    async with client() as alice:
        alice.headers["x-who"] = "alice"
        problem(await alice.put(path, json={"name": "a"}), 428, "precondition-required")
        for stale in ('"v2"', 'W/"v3"', '"x"', '"v2", "v4"'):
            answer = await alice.put(path, json={"name": "a"}, headers={"if-match": stale})
            problem(answer, 412, "precondition-failed")
            assert answer.headers["etag"] == '"v3"'
        for fresh in ('"v3"', "*", '"v1", "v3"'):
            assert (await alice.put(path, json={"name": "a"}, headers={"if-match": fresh})).status_code == 200
        for nonsense in ("v3", '"', "v3,"):
            problem(
                await alice.put(path, json={"name": "a"}, headers={"if-match": nonsense}),
                422,
                "invalid-request",
            )


async def test_paging_walks_through_everything_once() -> None:
    async with client() as anyone:
        seen, url = [], "/v1/things?limit=50&colour=red"
        while True:
            answer = await anyone.get(url)
            seen += answer.json()["items"]
            if answer.json()["next"] is None:
                assert "link" not in answer.headers
                break
            link = answer.headers["link"]
            assert link.endswith('>; rel="next"')
            url = link[1:].partition(">")[0]
            assert f"cursor={answer.json()['next']}" in url
        assert seen == list(range(120))


async def test_a_cursor_is_not_for_another_query() -> None:
    async with client() as anyone:
        cursor = (await anyone.get("/v1/things?colour=red")).json()["next"]
        assert (await anyone.get(f"/v1/things?colour=red&limit=3&cursor={cursor}")).status_code == 200
        problem(await anyone.get(f"/v1/things?colour=blue&cursor={cursor}"), 400, "invalid-cursor")
        for nonsense in ("x", "", "!!!!", "e30", "W10", "WyIiXQ", cursor + "=", cursor[:-1], "a" * 500, "é"):
            problem(await anyone.get("/v1/things", params={"cursor": nonsense}), 400, "invalid-cursor")
        for nonsense in ({"limit": 0}, {"limit": 201}, {"limit": "x"}, {"cursor": "a" * 513}):
            problem(await anyone.get("/v1/things", params=nonsense), 422, "invalid-request")


async def test_ids_in_paths_are_checked() -> None:
    async with client() as anyone:
        for nonsense in ("x", "0" * 31, "0" * 33, "A" * 32, "g" * 32, "%00" * 32):
            problem(await anyone.get(f"/v1/things/{nonsense}"), 422, "invalid-request")


async def test_probes() -> None:
    async with client() as anyone:
        assert (await anyone.get("/livez")).status_code == 200
        assert (await anyone.get("/readyz")).json() == {
            "status": "ready",
            "checks": [{"name": "database", "ok": True}],
        }
        metrics = (await anyone.get("/metrics")).text
        assert (
            "confer_http_requests_total" not in metrics.replace("# HELP", "") or 'route="/livez"' in metrics
        )
    host = service()
    host.dependencies = lambda: (SimpleNamespace(name="database", check=failing),)
    async with client(host) as anyone:
        answer = await anyone.get("/readyz")
        assert (answer.status_code, answer.json()["checks"]) == (503, [{"name": "database", "ok": False}])
        assert "retry-after" in answer.headers
        assert "secret" not in answer.text
        assert (await anyone.get("/livez")).status_code == 200


async def test_metrics_and_logs_hold_no_ids_and_no_query(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with client() as alice:
        alice.headers["x-who"] = "alice"
        await alice.get(f"/v1/things/{'a' * 32}?colour=secret-colour")
        await alice.get("/share/secret-path")
        metrics = (await alice.get("/metrics")).text
        assert 'route="/v1/things/{thing}",status="200"' in metrics
        assert 'route="unmatched",status="404"' in metrics
    for secret in ("secret-colour", "secret-path", "a" * 32):
        assert secret not in metrics
        assert not [
            record
            for record in caplog.records
            if record.name.startswith("shared") and secret in record.getMessage()
        ]
    lines = [
        json.loads(record.getMessage()) for record in caplog.records if '"request"' in record.getMessage()
    ]
    assert lines[0]["route"] == "/v1/things/{thing}"
    assert (lines[0]["actor"], lines[0]["organisation"]) == ("member:alice", "organisation-a")


async def test_headers_of_every_answer() -> None:
    async with client() as anyone:
        for path in ("/livez", "/nothing", "/v1/faults/bug", "/v1/things"):
            headers = (await anyone.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "same-origin"
            assert "default-src 'none'" in headers["content-security-policy"]
            assert headers["strict-transport-security"]
        assert (await anyone.get("/v1/things")).headers["cache-control"] == "no-store"
        assert (await anyone.get("/livez", headers={"x-request-id": "given-by-caller"})).headers[
            "x-request-id"
        ] == "given-by-caller"
        for nonsense in ("x", "a b c d e f g h", "é" * 10, "x" * 100):
            answer = await anyone.get("/livez", headers={"x-request-id": nonsense.encode()})
            assert len(answer.headers["x-request-id"]) == 32


async def test_openapi_documents_every_refusal() -> None:
    from openapi_spec_validator import validate

    async with client() as anyone:
        document = (await anyone.get("/openapi.json")).json()
    validate(document)
    make = document["paths"]["/v1/things"]["post"]
    assert make["operationId"] == "create_thing"
    assert set(make["responses"]) == {"201", "400", "401", "403", "409", "413", "415", "422", "500", "503"}
    assert make["security"] == [{"oauth": ["things:write"]}]
    assert document["paths"]["/v1/things/{thing}"]["get"]["security"] == [{}, {"oauth": ["things:read"]}]
    assert set(make["responses"]["409"]["content"]) == {"application/problem+json"}
    flows = document["components"]["securitySchemes"]["oauth"]["flows"]
    assert flows["clientCredentials"]["tokenUrl"] == "https://directory.example.org/oauth/token"
    assert set(flows["authorizationCode"]["scopes"]) == {"things:read", "things:write"}
    assert "HTTPValidationError" not in json.dumps(document)
    assert set(document["paths"]["/oauth/token"]["post"]["responses"]) == {"200"}
    assert "/metrics" not in document["paths"]


async def test_problem_pages_exist_for_every_code() -> None:
    async with client() as anyone:
        listed = (await anyone.get("/problems")).json()["problems"]
        assert [each["code"] for each in listed] == [each.code for each in registered("services.issuer")]
        for each in listed:
            shown = await anyone.get(f"/problems/{each['code']}")
            assert shown.json() == each
            assert each["explanation"]
        problem(await anyone.get("/problems/unheard-of"), 404, "not-found")


async def test_head_is_get_without_the_body() -> None:
    async with client() as anyone:
        got, headed = await anyone.get("/v1/things"), await anyone.head("/v1/things")
        assert headed.status_code == 200
        assert headed.content == b""
        assert headed.headers["content-length"] == str(len(got.content))
        assert (await anyone.head("/v1/nothing")).status_code == 404


async def test_a_body_that_trickles_in_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    monkeypatch.setattr("shared.http.body._GRACE_SECONDS", 0.2)

    async def trickle() -> Any:
        while True:
            yield b" "
            await asyncio.sleep(0.01)

    async with client() as alice:
        alice.headers["x-who"] = "alice"
        problem(await alice.post("/v1/things", content=trickle(), headers=JSON), 408, "request-timeout")


async def test_a_caller_that_goes_away_is_no_error_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    from shared.http.application import create_application
    from tests.unit.http.application import routers

    app = create_application(service(), title="T", description="", routers=routers())
    scope = {
        "type": "http", "method": "POST", "path": "/v1/things", "raw_path": b"/v1/things", "query_string": b"",
        "headers": [(b"content-type", b"application/json"), (b"transfer-encoding", b"chunked"), (b"x-who", b"alice")],
        "http_version": "1.1", "scheme": "http", "server": ("x", 80), "client": ("y", 1), "root_path": "", "state": {},
    }  # fmt: skip
    messages = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(messages)

    async def send(_: Any) -> None:
        return None

    await app(scope, receive, send)
    assert "request.failed" not in caplog.text


def test_the_access_matrix_can_be_enumerated() -> None:
    from shared.http.application import create_application
    from shared.http.openapi import operations
    from tests.unit.http.application import routers

    app = create_application(service(), title="T", description="", routers=routers())
    by_id = {each.operation_id: each for each in operations(app)}
    make, read, listed = by_id["create_thing"], by_id["read_thing"], by_id["list_things"]
    assert (make.method, make.path, make.scopes, make.anonymous) == (
        "POST",
        "/v1/things",
        ("things:write",),
        False,
    )
    assert (read.scopes, read.anonymous) == (("things:read",), True)
    assert (listed.scopes, listed.anonymous) == ((), True)
    assert all(each.stated for each in by_id.values())
    assert not by_id["token_endpoint"].problems
    assert not by_id["live"].in_schema


def test_routes_must_be_strict_and_operation_ids_unique() -> None:
    from fastapi import APIRouter

    from shared.http.application import create_application
    from shared.http.routing import Router

    async def read_thing() -> int:
        return 1

    plain = APIRouter()
    plain.add_api_route("/plain", read_thing)
    first, second = Router(), Router()
    first.add_api_route("/first", read_thing)
    second.add_api_route("/second", read_thing)
    for routes, reason in (([plain], "Router"), ([first, second], "operation id")):
        with pytest.raises(TypeError, match=reason):
            create_application(service(), title="T", description="", routers=routes)
