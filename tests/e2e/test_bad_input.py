"""What bad input gets: a problem that says what to do, from all four services, on every operation that they document."""

import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from shared.http.client import open_client
from tests.harness.calls import Call, Caller, Json, calls
from tests.harness.platform import SERVICES, Platform, platform
from tests.harness.refusals import Refusals, internals
from tests.harness.story import Story

MIB = 1024 * 1024
AS_JSON = {"Content-Type": "application/json"}
TRIED_OFTEN = {429}
"""What sign-in and sign-up answer to someone who tries as often as these tests do."""
NOT_AS_ONE_OBJECT = {"create_awards_in_bulk"}
"""Its rows are judged one by one, in the Job."""

UNREADABLE = {
    "cut off": b'{"name": ',
    "no JSON": b"name=value",
    "two values": b"{} {}",
    "a key twice": b'{"name": "a", "name": "b"}',
    "not a number": b'{"name": NaN}',
    "infinite": b'{"name": -Infinity}',
    "too large a number": b'{"name": 1e999}',
    "an overlong number": b'{"name": ' + b"9" * 5_000 + b"}",
    "a lone surrogate": b'{"name": "\\ud800"}',
    "no UTF-8": b'{"name": "\xff\xfe"}',
    "UTF-16": '{"name": "a"}'.encode("utf-16"),
    "a raw control character": b'{"name": "a\x01b"}',
    "deep lists": b"[" * 5_000 + b"]" * 5_000,
    "deep objects": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with platform(tmp_path_factory.mktemp("bad-input")) as up:
        yield up


@pytest.fixture(scope="module")
def caller(running: Platform) -> Iterator[Caller]:
    made = Caller(running, Story(running))
    yield made
    made.close()


@pytest.fixture(scope="module")
def every(running: Platform) -> list[Call]:
    return list(calls(running))


@pytest.fixture(scope="module")
def refusals(running: Platform) -> dict[str, Refusals]:
    return {name: Refusals(getattr(running, name)) for name in SERVICES}


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def of(every: list[Call], service: str) -> list[Call]:
    return [call for call in every if call.service == service]


def test_what_no_reader_can_read_is_400(
    service: str, every: list[Call], caller: Caller, refusals: dict[str, Refusals]
) -> None:
    chosen = [call for call in of(every, service) if call.takes_json]
    assert chosen
    for call in chosen:
        for what, body in UNREADABLE.items():
            answer = caller.send(call, content=body, headers=AS_JSON)
            problem = refusals[service].check(answer, 400, *TRIED_OFTEN, sent=f"{call} {what}")
            if answer.status_code == 400:
                assert problem["code"] in {"unparseable", "not-a-badge"}, f"{call} {what}: {problem}"


def test_another_media_type_is_415(
    service: str, every: list[Call], caller: Caller, refusals: dict[str, Refusals]
) -> None:
    for call in of(every, service):
        if not call.bodies:
            continue
        for media_type in ("application/x-www-form-urlencoded", "text/html", "application/xml", "nonsense"):
            path = f"{caller.path(call)}?caption=A+dot"  # the one parameter that an operation with a body demands
            answer = caller.send(call, path, content=b"<a/>", headers={"Content-Type": media_type})
            problem = refusals[service].check(answer, 415, *TRIED_OFTEN, sent=f"{call} {media_type}")
            if answer.status_code == 415:
                assert problem["supported"], f"{call}: which media types it reads"


def test_a_body_announced_as_too_large_is_413(
    service: str, every: list[Call], caller: Caller, running: Platform
) -> None:
    """Refused before a byte of it is sent; the limit is named."""
    for call in of(every, service):
        if call.bodies:
            media_type = next(iter(call.bodies))
            status, problem = _announce(getattr(running, service), call, caller, media_type, 10**12)
            assert status == 413, f"{call}: {status} {problem}"
            assert problem["code"] == "too-large"
            assert problem["limit"] >= MIB
            assert str(problem["limit"]) in problem["detail"]


def _announce(url: str, call: Call, caller: Caller, media_type: str, length: int) -> tuple[int, Json]:
    """Send the head of a request only, as no client library does."""
    head = [
        f"{call.method} {caller.path(call)} HTTP/1.1", f"Host: {urlsplit(url).netloc}", f"Content-Type: {media_type}",
        f"Authorization: {caller.authorization(call)}", f"Content-Length: {length}", "If-Match: *", "Connection: close", "", "",
    ]  # fmt: skip
    with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), timeout=20) as connection:
        connection.sendall("\r\n".join(head).encode())
        said = b""
        while part := connection.recv(65536):
            said += part
    answer, _, body = said.partition(b"\r\n\r\n")
    return int(answer.split(b" ")[1]), json.loads(body)


def test_a_body_that_turns_out_too_large_is_413(
    service: str, every: list[Call], caller: Caller, refusals: dict[str, Refusals]
) -> None:
    """Sent in parts without a length: it is counted while it comes."""
    wanted = {
        "issuer": "create_profile",
        "backpack": "create_share",
        "verifier": "create_policy",
        "directory": "give_recognition",
    }
    call = next(each for each in of(every, service) if each.name == wanted[service])

    def parts() -> Iterator[bytes]:
        yield b'{"name": "'
        for _ in range(20):
            yield b"a" * 65_536

    problem = refusals[service].check(caller.send(call, content=parts(), headers=AS_JSON), 413)
    assert problem["limit"] == MIB


def test_unknown_fields_are_named(
    service: str, every: list[Call], caller: Caller, refusals: dict[str, Refusals]
) -> None:
    for call in of(every, service):
        if call.takes_json and call.name not in NOT_AS_ONE_OBJECT:
            answer = caller.send(call, json={"nonsense": 1, "a/b~c": 2})
            problem = refusals[service].check(answer, 422, *TRIED_OFTEN, sent=str(call))
            if answer.status_code == 422:
                named = {each["pointer"] for each in problem["errors"]}
                assert {"/nonsense", "/a~1b~0c"} <= named, f"{call}: {problem}"


NESTED = [
    ("issuer", "create_award", {"recipient": {"type": "emailAddress", "identity": "a@learner.example", "odd": 1}}, "/recipient/odd"),
    ("issuer", "create_award", {"recipient": []}, "/recipient"),
    ("issuer", "create_award", {"metadata": {"a": 1}}, "/metadata/a"),
    ("issuer", "create_award", {"valid_from": "yesterday"}, "/valid_from"),
    ("issuer", "create_award", {"valid_from": 1_700_000_000}, "/valid_from"),
    ("issuer", "create_award", {"public": "perhaps"}, "/public"),
    ("issuer", "change_awards_in_bulk", {"action": "revoke", "awards": ["x"]}, "/awards/0"),
    ("issuer", "change_awards_in_bulk", {"action": "burn", "awards": ["0" * 32]}, "/action"),
    ("verifier", "verify_one", {"url": "https://badges.example/1", "applicant": {"odd": 1}}, "/applicant/odd"),
    ("verifier", "verify_one", {"url": "https://badges.example/1", "applicant": {"email": "no address"}}, "/applicant/email"),
    ("verifier", "create_policy", {"name": "a", "require_recognition": "no idea"}, "/require_recognition"),
    ("directory", "register_organisation", {"name": "A", "kind": "school", "owner": {"login": "x", "odd": 1}}, "/owner/odd"),
    ("directory", "invite_member", {"login": "someone-new", "roles": ["king"]}, "/roles/0"),
    ("backpack", "create_share", {"credentials": ["0"]}, "/credentials/0"),
    ("issuer", "create_webhook", {"url": "https://10.0.0.8/hook"}, "/url"),
    ("issuer", "create_webhook", {"url": "http://partner.example/hook"}, "/url"),
    ("issuer", "create_webhook", {"url": "https://partner.example/", "types": ["org.confer.key.lost.v1"]}, "/types"),
    ("issuer", "create_webhook", {"url": "https://partner.example/", "contact": "nobody"}, "/contact"),
]  # fmt: skip


@pytest.mark.parametrize(("service", "name", "body", "pointer"), NESTED)
def test_a_wrong_value_is_named_where_it_stands(
    service: str, name: str, body: Json, pointer: str, every: list[Call], caller: Caller,
    refusals: dict[str, Refusals],
) -> None:  # fmt: skip
    call = next(each for each in of(every, service) if each.name == name)
    answer = caller.send(call, json=body)
    problem = refusals[service].check(answer, 422)
    assert pointer in {each["pointer"] for each in problem["errors"]}, problem


WRONG_TYPES: tuple[Any, ...] = (
    [],
    "text",
    7,
    1e300,
    -(10**30),
    True,
    None,
    [[]],
    [{}],
    {"": {}},
    {"\x00": "\x00"},
)


def test_wrong_types_are_refused(
    service: str, every: list[Call], caller: Caller, refusals: dict[str, Refusals]
) -> None:
    for call in of(every, service):
        if not call.takes_json or call.name in NOT_AS_ONE_OBJECT:
            continue
        for value in WRONG_TYPES:
            answer = caller.send(call, content=json.dumps(value).encode(), headers=AS_JSON)
            may_be_absent = value is None and not call.document["requestBody"].get("required")
            if not (may_be_absent and answer.is_success):
                also = {409} if may_be_absent else set()
                refusals[service].check(answer, 400, 422, *also, *TRIED_OFTEN, sent=f"{call} {value!r}")


ODD_IDS = (
    "x", "0" * 31, "0" * 33, "G" * 32, "%00", "%ff%fe", "..%2f..%2fetc%2fpasswd", "%2e%2e", "a" * 5_000, "'%20OR%201=1--",
    "%F0%9F%92%A9", "null", "-1", "%25s%25n", "{id}",
)  # fmt: skip


def test_ids_that_are_none_or_unknown(
    service: str, every: list[Call], caller: Caller, refusals: dict[str, Refusals]
) -> None:
    for call in of(every, service):
        names = call.takes("path")
        for odd in (*ODD_IDS, "0" * 32) if names else ():
            path = caller.path(call, **dict.fromkeys(names, odd))
            answer = caller.send(call, path)
            refusals[service].check(answer, 404, 405, 422, 400, 415, sent=f"{call} {odd[:40]}")
            assert "passwd" not in answer.text or "passwd" in odd


def test_odd_paths_and_methods(
    service: str, running: Platform, caller: Caller, refusals: dict[str, Refusals]
) -> None:
    with open_client(getattr(running, service)) as client:
        for path in (
            "/v1",
            "/v1/",
            "/v1/nothing",
            "/v1/%00",
            "/v1//jobs",
            "/v1/..%2f..%2f",
            "/v1/" + "a" * 8_000,
        ):
            refusals[service].check(client.get(path), 404, 405, sent=path)
        for method in ("DELETE", "PATCH", "TRACE", "PROPFIND"):
            answer = client.request(
                method, "/v1/sessions" if service in {"backpack", "directory"} else "/v1/jobs"
            )
            refusals[service].check(answer, 405, sent=method)
            assert answer.headers["allow"]


def test_invalid_limits_and_cursors(
    service: str, every: list[Call], caller: Caller, refusals: dict[str, Refusals]
) -> None:
    lists = [call for call in of(every, service) if {"limit", "cursor"} & call.takes("query")]
    assert lists
    for call in lists:
        for limit in ("0", "-1", "201", "9" * 400, "ten", "1.5", "", "%00"):
            problem = refusals[service].check(caller.send(call, f"{caller.path(call)}?limit={limit}"), 422)
            assert problem["errors"][0]["pointer"] == "limit", problem
        foreign = "WyJhIiwiYiIsIjAwMDAwMDAwIl0"  # of the right form, made by nobody
        for cursor in ("x", "%00", "%ff", "e30", "bnVsbA", foreign, "A" * 500, ".." * 20):
            answer = caller.send(call, f"{caller.path(call)}?cursor={cursor}")
            assert refusals[service].check(answer, 400, sent=f"{call} {cursor}")["code"] == "invalid-cursor"
        refusals[service].check(caller.send(call, f"{caller.path(call)}?cursor={'A' * 2_000}"), 422)


def test_every_other_parameter(
    service: str, every: list[Call], caller: Caller, refusals: dict[str, Refusals]
) -> None:
    for call in of(every, service):
        for name in call.takes("query") - {"limit", "cursor"} if call.method == "GET" else ():
            for value in ("%00", "%ff", "", "a" * 6_000, "%5B%5D", "'%3B--", "\U0001f4a9"):
                answer = caller.send(call, f"{caller.path(call)}?{name}={value}")
                if not answer.is_success:
                    refusals[service].check(answer, 400, 404, 422, sent=f"{call} {name}={value[:20]}")


def test_an_invalid_idempotency_key_is_named(
    service: str, every: list[Call], caller: Caller, refusals: dict[str, Refusals]
) -> None:
    for call in of(every, service):
        if "idempotency-key" in call.takes("header"):
            for key in (b"", b"two words", b"a" * 256, b"\xff\xfe", b"tab\there"):
                answer = caller.send(call, json={}, headers={**AS_JSON, "Idempotency-Key": key})
                problem = refusals[service].check(answer, 422, sent=f"{call} {key[:20]!r}")
                assert "idempotency-key" in {each["pointer"].lower() for each in problem["errors"]}, problem


GOOD = {
    "change_profile": {"profile": {"name": "Another name"}},
    "change_achievement": {"achievement": {"name": "B", "description": "B", "criteria": {"narrative": "B"}}},
    "change_evidence": {"name": "Another name"},
    "replace_policy": {"name": "another", "require_recognition": True},
    "change_organisation": {"name": "Another name"},
    "change_client": {"name": "Another name"},
    "change_member": {"roles": ["auditor"]},
    "change_webhook": {"description": "Another"},
}


def test_a_change_of_what_somebody_else_changed_is_412(
    service: str, every: list[Call], caller: Caller, refusals: dict[str, Refusals]
) -> None:
    chosen = [call for call in of(every, service) if "if-match" in call.takes("header")]
    assert chosen or service == "backpack"
    for call in chosen:
        body: Json = {"json": GOOD[call.name]} if call.bodies else {}
        problem = refusals[service].check(
            caller.send(call, headers={"If-Match": '"v999999"'}, **body), 412, sent=str(call)
        )
        assert problem["code"] == "precondition-failed"
        refusals[service].check(
            caller.send(call, headers={"If-Match": 'W/"v1"'}, **body), 412, sent=str(call)
        )
        for nonsense in ("v1", '"unclosed', '"\xe4"'):
            answer = caller.send(call, headers={"If-Match": nonsense.encode("latin-1")}, **body)
            refusals[service].check(answer, 422, 412, sent=f"{call} {nonsense}")


def test_tokens_that_are_none(
    service: str, every: list[Call], running: Platform, refusals: dict[str, Refusals]
) -> None:
    call = next(
        each for each in of(every, service) if each.document.get("security") and each.method == "GET" and "{" not in each.path
    )  # fmt: skip
    with open_client(getattr(running, service)) as client:
        for value in (
            "Bearer",
            "Bearer x",
            "Bearer a.b.c",
            "Basic YTpi",
            "Bearer " + "a" * 20_000,
            "Bearer \xff",
            "nonsense",
        ):
            answer = client.get(call.path, headers={b"Authorization": value.encode("latin-1")})
            refusals[service].check(answer, 401, sent=value[:30])
            assert answer.headers["www-authenticate"]


# --- the verifier: what has no known form is 400, everything else gets a report ------------------------------------------

NO_FORM = {
    "nothing": b"", "white space": b"  \n", "prose": b"This is a badge, believe me.", "HTML": b"<!doctype html><p>badge",
    "JSON cut off": b'{"@context": [', "a list": b"[1, 2]", "a number": b"17", "a picture of another kind": b"GIF89a\x01\x00\x01\x00",
    "an object": b'{"a": 1}', "an empty object": b"{}", "an SVG without a badge": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "zeros": bytes(100), "PDF": b"%PDF-1.7\n", "two dots": b"..", "deep": b"[" * 5_000, "an XML document": b"<a/>",
}  # fmt: skip


@pytest.mark.parametrize("what", NO_FORM)
def test_the_verifier_says_400_to_what_has_no_known_form(
    what: str, caller: Caller, every: list[Call], refusals: dict[str, Refusals]
) -> None:
    verify = next(call for call in every if call.name == "verify_one")
    for media_type in ("application/octet-stream", "application/vc", "image/png", "text/plain"):
        answer = caller.send(verify, content=NO_FORM[what], headers={"Content-Type": media_type})
        refusals["verifier"].check(answer, 400, sent=f"{what} as {media_type}")


SOME_FORM = {
    "nulls": b'{"@context": null, "type": ["VerifiableCredential"], "issuer": null}',
    "wrong types": b'{"@context": 7, "type": {}, "credentialSubject": [[]], "proof": "x", "issuer": [1]}',
    "an unknown context": b'{"@context": ["https://nowhere.example/v9"], "type": ["VerifiableCredential"]}',
    "NUL": b'{"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"], "name": "\\u0000"}',
    "a compact JWS of nothing": b"eyJhbGciOiJub25lIn0.e30.", "a JWS of noise": b"eyJhbGciOiJFUzI1NiJ9.bm9pc2U.c2ln",
    "an Open Badges 1 assertion": b'{"uid": "1", "recipient": "a@b.example", "badge": {}, "verify": {}}',
}  # fmt: skip


@pytest.mark.parametrize("what", SOME_FORM)
def test_the_verifier_reports_on_everything_else(what: str, caller: Caller, every: list[Call]) -> None:
    verify = next(call for call in every if call.name == "verify_one")
    answer = caller.send(
        verify, content=SOME_FORM[what], headers={"Content-Type": "application/octet-stream"}
    )
    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert report["verdict"] in {"rejected", "undetermined"}, report
    wrong = [check for check in report["checks"] if check["outcome"] in {"failed", "inconclusive"}]
    assert wrong, report
    assert all(len(check["reason"]) > 10 for check in wrong)
    assert not internals(answer.text), internals(answer.text)
