"""Logs name ids, not people; traces go on where a caller began them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from shared.observability import context
from shared.observability.logs import REDACTED, redact

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    "key",
    ["password", "new_password", "secret", "client_secret", "token", "access_token", "Authorization", "cookie", "email",
     "recipient_email", "recipient", "identity", "name", "full_name", "login", "birthday", "body", "applicant", "authorization_code"],
)  # fmt: skip
def test_sensitive_keys_are_dropped(key: str) -> None:
    assert redact(None, "info", {key: "Ada", "nested": {key: "Ada"}}) == {
        key: REDACTED,
        "nested": {key: REDACTED},
    }


@pytest.mark.parametrize(
    "key", ["award", "organisation", "actor", "status", "route", "logger", "kind", "job", "reason", "event"]
)
def test_ids_stay(key: str) -> None:
    assert redact(None, "info", {key: "4f1c0a6f"}) == {key: "4f1c0a6f"}


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("mail to ada@example.org failed", f"mail to {REDACTED} failed"),
        ("<Ada.L+x@mail.example.co.uk>", f"<{REDACTED}>"),
        ("Bearer abcdefghijkl", REDACTED),
        ("token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.sig here", f"token {REDACTED} here"),
        ("postgres at 10.0.0.1 is away", "postgres at 10.0.0.1 is away"),
    ],
)
def test_addresses_and_tokens_in_text_are_masked(text: str, masked: str) -> None:
    assert redact(None, "info", {"event": text, "more": [{"reason": text}]}) == {
        "event": masked,
        "more": [{"reason": masked}],
    }


def test_every_line_is_json_whoever_writes_it() -> None:
    """Ours and the libraries', with ids, time and service; exceptions without the values of variables."""
    program = """
import logging
from shared.observability import context, logs
logs.configure("issuer", "info")
context.request_id.set("request-1")
context.trace.set(context.new_trace())
logs.get_logger("ours").info("award.issued", award="a1", email="ada@example.org")
logs.get_logger("ours").debug("too.quiet")
logging.getLogger("theirs").warning("cannot reach %s", "ada@example.org")
logging.getLogger("uvicorn.access").info("GET /?secret=1")
try:
    hidden = "hunter2"
    raise ValueError("bad ada@example.org")
except ValueError:
    logs.get_logger("ours").exception("failed")
    logging.getLogger("theirs").exception("failed too")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == [
        "award.issued",
        f"cannot reach {REDACTED}",
        "failed",
        "failed too",
    ]
    for line in lines:
        assert line["service"] == "issuer"
        assert line["request_id"] == "request-1"
        assert len(line["trace_id"]) == 32
        assert line["at"].endswith("Z")
    assert lines[0]["email"] == REDACTED
    assert "ValueError" in lines[2]["exception"]
    assert "ValueError" in lines[3]["exception"]
    assert "ada@example.org" not in done.stderr
    assert "hunter2" not in done.stderr.replace('hidden = "hunter2"', "")
    assert done.stdout == ""


GOOD = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_trace_goes_on() -> None:
    ours = context.continue_trace(GOOD)
    assert ours.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert ours.span_id != "00f067aa0ba902b7"
    assert ours.sampled
    assert context.parse_traceparent(ours.traceparent) == ours


@pytest.mark.parametrize(
    "header",
    [None, "", "x", GOOD.upper(), GOOD + "-x", GOOD.replace("00-4", "ff-4"), "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
     "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01", GOOD[:-1]],
)  # fmt: skip
def test_what_is_no_trace_begins_a_new_one(header: str | None) -> None:
    assert context.parse_traceparent(header) is None
    assert context.continue_trace(header).trace_id != context.continue_trace(header).trace_id


def test_later_versions_are_read_as_far_as_they_are_known() -> None:
    later = context.parse_traceparent(GOOD.replace("00-4", "01-4") + "-more")
    assert later is not None
    assert later.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"
