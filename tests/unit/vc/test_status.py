"""Bitstring Status List, both sides."""

import base64
import gzip
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.vc.model import check
from shared.vc.status import (
    MINIMUM_BITS,
    StatusBits,
    StatusRefused,
    decode,
    encode,
    read_entry,
    read_list,
    read_revocation_list,
    status_entry,
    status_list_credential,
    time_to_live,
)

URL = "https://issuer.example/status/1"
WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def listing(bits: StatusBits, **how: object) -> dict[str, object]:
    return status_list_credential(url=URL, issuer="did:web:issuer.example", bits=bits, valid_from=WHEN, **how)


def test_index_0_is_the_highest_bit_of_the_first_byte():
    bits = StatusBits()
    bits.set(0)
    bits.set(9)
    assert bits.to_bytes()[:2] == b"\x80\x40"


@given(st.dictionaries(st.integers(0, MINIMUM_BITS - 1), st.booleans(), max_size=20))
def test_what_is_written_is_read(changes):
    bits = StatusBits()
    for index, value in changes.items():
        bits.set(index, value)
    again = decode(encode(bits))
    assert len(again) == MINIMUM_BITS
    assert {index: bool(again.get(index)) for index in changes} == changes


@given(st.integers(1, 8), st.integers(0, 1000), st.data())
def test_entries_of_several_bits(size, index, data):
    value = data.draw(st.integers(0, (1 << size) - 1))
    bits = StatusBits(MINIMUM_BITS * 8)
    bits.put(index, value, size=size)
    assert bits.get(index, size=size) == value
    assert bits.get(index + 1, size=size) == 0


def test_the_same_bits_are_the_same_text():
    assert encode(StatusBits()) == encode(StatusBits())
    assert encode(StatusBits()).startswith("uH4sI")


def test_lists_of_an_older_draft_have_no_prefix():
    assert len(decode(encode(StatusBits())[1:])) == MINIMUM_BITS


def test_a_shorter_list_cannot_be_made():
    with pytest.raises(ValueError, match="131072"):
        StatusBits(1024)


def packed(data: bytes) -> str:
    return "u" + base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "encoded",
    [
        None,
        5,
        "u!!!",
        "uAAAA",
        packed(gzip.compress(b"\0" * 16384, mtime=0)[:-3]),
        packed(gzip.compress(b"\0" * 16384, mtime=0) + b"more"),
        packed(gzip.compress(b"\0" * 16384, mtime=0) * 2),
        packed(gzip.compress(b"\0" * (64 * 1024 * 1024), mtime=0)),
    ],
)
def test_a_list_that_is_none(encoded):
    with pytest.raises(StatusRefused) as refused:
        decode(encoded)
    assert refused.value.code == "status.list_malformed"


def test_an_entry_and_its_list_fit_together_and_fit_the_model():
    bits = StatusBits()
    bits.set(94567)
    entry = status_entry(URL, 94567)
    assert entry["id"] == f"{URL}#94567"
    assert entry["statusListIndex"] == "94567"
    document = listing(bits, ttl_milliseconds=60000, valid_until=datetime(2027, 1, 1, tzinfo=UTC))
    assert read_list(document, read_entry(entry)) == 1
    assert read_list(document, read_entry(status_entry(URL, 94566))) == 0
    assert time_to_live(document) == 60000
    assert check(document) == []


def test_one_list_for_two_purposes():
    document = listing(StatusBits(), purpose=["revocation", "suspension"])
    assert read_list(document, read_entry(status_entry(URL, 1, purpose="suspension"))) == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"statusListIndex": 94567}, "status.malformed"),
        ({"statusListIndex": "-1"}, "status.malformed"),
        ({"statusListIndex": "1.0"}, "status.malformed"),
        ({"statusListIndex": "٣"}, "status.malformed"),
        ({"statusListIndex": "9" * 40}, "status.malformed"),
        ({"statusListCredential": "file:///etc/passwd"}, "status.malformed"),
        ({"statusListCredential": None}, "status.malformed"),
        ({"id": URL}, "status.malformed"),
        ({"statusPurpose": None}, "status.malformed"),
        ({"statusSize": 0}, "status.malformed"),
        ({"statusSize": True}, "status.malformed"),
        ({"statusSize": 2}, "status.malformed"),
        ({"statusSize": 2, "statusMessage": [{"status": "0x0", "message": "a"}]}, "status.malformed"),
        ({"statusMessage": [{"status": 0, "message": "a"}]}, "status.malformed"),
    ],
)
def test_entries_that_cannot_be_read(changes, code):
    with pytest.raises(StatusRefused) as refused:
        read_entry(status_entry(URL, 5) | changes)
    assert refused.value.code == code


def test_a_list_that_is_short_for_its_size():
    messages = [{"status": hex(n), "message": str(n)} for n in range(4)]
    entry = read_entry(status_entry(URL, 5) | {"statusSize": 2, "statusMessage": messages})
    with pytest.raises(StatusRefused) as refused:
        read_list(listing(StatusBits()), entry)
    assert refused.value.code == "status.list_too_short"


def test_a_page_that_is_no_revocation_list():
    with pytest.raises(StatusRefused):
        read_revocation_list({"hello": "world"}, "urn:x:1")
    assert read_revocation_list({"issuer": "x"}, "urn:x:1") is None
