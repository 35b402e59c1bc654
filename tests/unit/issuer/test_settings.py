"""What the issuer refuses to run with, and what it fills in."""

from pathlib import Path
from typing import Any

import pytest

from services.issuer.settings import IssuerSettings
from shared.db import KeyEncryption
from shared.settings import SettingRefused


def production(tmp_path: Path, **changed: Any) -> IssuerSettings:
    key_file = tmp_path / "kek"
    KeyEncryption.from_file(key_file, create=True)
    urls = {
        f"{name}_url": f"https://{name}.example" for name in ("issuer", "backpack", "verifier", "directory")
    }
    given: dict[str, Any] = {
        "profile": "production",
        "database_url": "postgresql+asyncpg://db/issuer",
        "kafka_bootstrap": "kafka:9092",
        "key_file": key_file,
        "evidence_url": "https://evidence.example",
        "smtp_url": "smtp://mail.example",
        **urls,
    }
    return IssuerSettings(**given | changed)


def test_embedded_needs_nothing() -> None:
    settings = IssuerSettings()
    assert settings.demonstration
    assert settings.evidence_url == "http://127.0.0.1:8001"
    settings.refuse()


@pytest.mark.parametrize(
    ("public_url", "demonstration"),
    [("http://127.0.0.1:9", True), ("http://[::1]:9", True), ("https://badges.example", False)],
)
def test_an_address_of_this_machine_makes_a_demonstration(public_url: str, demonstration: bool) -> None:
    assert IssuerSettings(public_url=public_url).demonstration is demonstration


def test_production_wants_an_evidence_origin_of_its_own(tmp_path: Path) -> None:
    production(tmp_path).refuse()
    for evidence_url in ("http://evidence.example", "https://issuer.example"):
        with pytest.raises(SettingRefused, match="EVIDENCE_URL"):
            production(tmp_path, evidence_url=evidence_url).refuse()
