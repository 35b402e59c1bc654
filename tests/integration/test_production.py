"""The production profile refuses what must not run in production, and names the setting to change (decision 2)."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shared.db.keys import KeyEncryption
from shared.process import command_line

SERVICES = ("issuer", "backpack", "verifier", "directory")


def good(folder: Path, service: str) -> dict[str, str]:
    """Settings with which the service would start; nothing listens at any of these addresses."""
    key = folder / f"{service}.kek"
    KeyEncryption.from_file(key, create=True)
    return {
        "CONFER_PROFILE": "production",
        "CONFER_DATABASE_URL": "postgresql+asyncpg://confer@127.0.0.1:9/confer",
        "CONFER_KAFKA_BOOTSTRAP": "127.0.0.1:9",
        "CONFER_ISSUER_URL": "https://issuer.example",
        "CONFER_BACKPACK_URL": "https://backpack.example",
        "CONFER_VERIFIER_URL": "https://verifier.example",
        "CONFER_DIRECTORY_URL": "https://directory.example",
        "CONFER_ISSUER_EVIDENCE_URL": "https://evidence.example",
        "CONFER_KEY_FILE": str(key),
        "CONFER_SMTP_URL": "smtp://mail.example",
        "CONFER_DATA_DIR": str(folder),
    }


CASES = [
    # the setting, its refused value (None: not given), the name that the refusal begins with, for which services
    ("CONFER_DATABASE_URL", None, "CONFER_{SERVICE}_DATABASE_URL", SERVICES),
    ("CONFER_DATABASE_URL", "sqlite+aiosqlite:///x.sqlite3", "CONFER_{SERVICE}_DATABASE_URL", SERVICES),
    ("CONFER_DATABASE_URL", "mysql://x@127.0.0.1/x", "CONFER_{SERVICE}_DATABASE_URL", SERVICES),
    ("CONFER_KAFKA_BOOTSTRAP", None, "CONFER_KAFKA_BOOTSTRAP", SERVICES),
    ("CONFER_{SERVICE}_URL", "http://badges.example", "CONFER_{SERVICE}_PUBLIC_URL", SERVICES),
    ("CONFER_{SERVICE}_URL", "badges.example", "CONFER_{SERVICE}_URL", SERVICES),
    ("CONFER_DIRECTORY_URL", "http://directory.example", "CONFER_{SERVICE}_DIRECTORY_URL", ("issuer", "backpack", "verifier")),
    ("CONFER_DIRECTORY_URL", None, "CONFER_{SERVICE}_DIRECTORY_URL", ("issuer", "backpack", "verifier")),
    ("CONFER_LOG_LEVEL", "debug", "CONFER_LOG_LEVEL", SERVICES),
    ("CONFER_KEY_FILE", None, "CONFER_{SERVICE}_KEY_FILE", SERVICES),
    ("CONFER_KEY_FILE", "readable by others", "CONFER_{SERVICE}_KEY_FILE", SERVICES),
    ("CONFER_KEY_FILE", "too short", "CONFER_{SERVICE}_KEY_FILE", SERVICES),
    ("CONFER_SMTP_URL", None, "CONFER_SMTP_URL", SERVICES),
    ("CONFER_SMTP_URL", "mail.example", "CONFER_SMTP_URL", SERVICES),
    ("CONFER_ISSUER_EVIDENCE_URL", "http://evidence.example", "CONFER_ISSUER_EVIDENCE_URL", ("issuer",)),
    ("CONFER_ISSUER_EVIDENCE_URL", "https://issuer.example:444", "CONFER_ISSUER_EVIDENCE_URL", ("issuer",)),
]  # fmt: skip
ROWS = [
    pytest.param(service, setting, value, named, id=f"{service}-{setting}-{value}")
    for setting, value, named, services in CASES
    for service in services
]


def _changed(folder: Path, service: str, setting: str, value: str | None) -> dict[str, str]:
    settings = good(folder, service)
    name = setting.replace("{SERVICE}", service.upper())
    key = Path(settings["CONFER_KEY_FILE"])
    if value == "readable by others":
        key.chmod(0o640)
    elif value == "too short":
        key.write_text("a1 c2hvcnQ=\n", encoding="ascii")
    elif value is None:
        del settings[name]
    else:
        settings[name] = value
    return settings


def _clear(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CONFER_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(("service", "setting", "value", "named"), ROWS)
def test_refused_by_name(
    service: str, setting: str, value: str | None, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command itself, in this process: a process for each row would take a minute."""
    _clear(monkeypatch)
    made = getattr(import_module(f"services.{service}.app"), service.capitalize())
    settings = getattr(import_module(f"services.{service}.settings"), f"{service.capitalize()}Settings")
    run = CliRunner().invoke(
        command_line(made, settings), ["serve"], env=_changed(tmp_path, service, setting, value)
    )
    assert run.exit_code == 2, run.output
    assert run.stderr.startswith(f"refused: {named.replace('{SERVICE}', service.upper())}: "), run.stderr
    assert len(run.stderr.splitlines()) == 1, "one line, no traceback"


@pytest.mark.parametrize("service", SERVICES)
def test_a_process_ends_with_two(service: str, tmp_path: Path) -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CONFER_")}
    run = subprocess.run(
        [sys.executable, "-m", f"services.{service}", "serve"],
        env={**inherited, **_changed(tmp_path, service, "CONFER_LOG_LEVEL", "debug")},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert run.returncode == 2, run.stdout + run.stderr
    assert run.stderr.startswith("refused: CONFER_LOG_LEVEL: "), run.stderr
    assert run.stdout == ""


@pytest.mark.parametrize("service", SERVICES)
def test_the_good_settings_are_not_refused(
    service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: with these settings, each of the refusals above was for the one that was changed."""
    _clear(monkeypatch)
    for name, value in good(tmp_path, service).items():
        monkeypatch.setenv(name, value)
    settings = getattr(import_module(f"services.{service}.settings"), f"{service.capitalize()}Settings")()
    settings.refuse()
