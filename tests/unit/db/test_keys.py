"""Secrets at rest: bound to their row, rotated, and kept in a file that only its owner reads."""

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.db import CannotOpen, KeyEncryption, KeyFileRefused
from tests.harness.processes import ROOT


def keys() -> KeyEncryption:
    return KeyEncryption({"2026": b"k" * 32, "2025": b"o" * 32}, "2026")


@given(st.binary(max_size=200), st.text(max_size=20), st.text(max_size=20))
def test_what_was_sealed_opens_for_its_row(secret: bytes, table: str, row: str) -> None:
    assert keys().open(keys().seal(secret, table=table, row=row), table=table, row=row) == secret


def test_it_opens_nowhere_else() -> None:
    sealed = keys().seal(b"secret", table="key", row="12")
    for table, row in (("key", "1"), ("key", "13"), ("ke", "y12"), ("key1", "2"), ("", "key12")):
        with pytest.raises(CannotOpen, match="altered"):
            keys().open(sealed, table=table, row=row)


def test_any_changed_byte_is_noticed() -> None:
    sealed = keys().seal(b"secret", table="key", row="12")
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(CannotOpen):
            keys().open(bytes(changed), table="key", row="12")
    for length in range(len(sealed)):
        with pytest.raises(CannotOpen):
            keys().open(sealed[:length], table="key", row="12")


def test_the_same_secret_is_sealed_differently_each_time() -> None:
    sealed = {keys().seal(b"secret", table="key", row="12") for _ in range(20)}
    assert len(sealed) == 20
    assert all(b"secret" not in each for each in sealed)


def test_an_old_key_opens_until_it_is_taken_out() -> None:
    before = KeyEncryption({"2025": b"o" * 32}, "2025").seal(b"secret", table="key", row="12")
    assert keys().open(before, table="key", row="12") == b"secret"
    assert keys().needs_rotation(before)
    assert not keys().needs_rotation(keys().seal(b"secret", table="key", row="12"))
    with pytest.raises(CannotOpen, match="'2025'"):
        KeyEncryption({"2026": b"k" * 32}, "2026").open(before, table="key", row="12")


def test_a_key_file_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "issuer.kek"
    with pytest.raises(KeyFileRefused, match="cannot read"):
        KeyEncryption.from_file(path)
    sealed = KeyEncryption.from_file(path, create=True).seal(b"secret", table="t", row="1")
    assert path.stat().st_mode & 0o777 == 0o600
    assert KeyEncryption.from_file(path, create=True).open(sealed, table="t", row="1") == b"secret"
    path.chmod(0o640)
    with pytest.raises(KeyFileRefused, match="0640"):
        KeyEncryption.from_file(path)


def test_processes_starting_together_make_one_key_file(tmp_path: Path) -> None:
    path = tmp_path / "issuer.kek"
    script = (
        "import sys, pathlib\nfrom shared.db.keys import KeyEncryption\n"
        "print(KeyEncryption.from_file(pathlib.Path(sys.argv[1]), create=True).key_id)"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", script, str(path)], cwd=ROOT, stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    assert len({process.communicate()[0] for process in started}) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["issuer.kek"]


def test_a_new_line_on_top_rotates(tmp_path: Path) -> None:
    path = tmp_path / "issuer.kek"
    old = KeyEncryption.from_file(path, create=True)
    sealed = old.seal(b"secret", table="t", row="1")
    path.write_text(f"new {base64.urlsafe_b64encode(os.urandom(32)).decode()}\n{path.read_text()}")
    now = KeyEncryption.from_file(path)
    assert now.key_id == "new"
    assert now.open(sealed, table="t", row="1") == b"secret"
    assert now.needs_rotation(sealed)


@pytest.mark.parametrize(
    "content",
    ["", "\n", "only-an-id", "id c2hvcnQ=", "id !!!", f"a {'A' * 43}=\na {'B' * 43}=", "id " + "A" * 44],
)
def test_malformed_key_files_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "issuer.kek"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileRefused):
        KeyEncryption.from_file(path)
