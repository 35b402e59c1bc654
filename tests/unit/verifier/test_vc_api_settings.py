"""What the verifier refuses to run with."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from services.verifier.settings import VerifierSettings
from shared.db import KeyEncryption
from shared.settings import SettingRefused

EVERYTHING = ("proof", "issuer", "credentialStatus", "validityPeriod")


@pytest.mark.parametrize(
    ("checks", "refused"), [(EVERYTHING, False), (("proof", "issuer"), False), (("proof",), True)]
)
def test_production_asks_whose_key_it_is(tmp_path: Path, checks: tuple[str, ...], refused: bool) -> None:
    key_file = tmp_path / "kek"
    KeyEncryption.from_file(key_file, create=True)
    settings = VerifierSettings(
        profile="production",
        database_url="postgresql+asyncpg://db/verifier",
        kafka_bootstrap="kafka:9092",
        key_file=key_file,
        vc_api_checks=checks,
        smtp_url=SecretStr("smtp://mail.example"),
        **{
            f"{name}_url": f"https://{name}.example"
            for name in ("issuer", "backpack", "verifier", "directory")
        },
    )
    if refused:
        with pytest.raises(SettingRefused, match="VC_API_CHECKS"):
            settings.refuse()
    else:
        settings.refuse()


def test_left_out_everything_decides() -> None:
    assert VerifierSettings().vc_api_checks == EVERYTHING
