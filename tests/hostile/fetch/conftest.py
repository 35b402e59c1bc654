"""The hostile server over https, with a certificate of its own authority."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.harness.certificates import certify
from tests.hostile.conftest import running


@dataclass(frozen=True)
class Secure:
    """The https server: its port, and the authority that vouches for its name there."""

    port: int
    authority: str


@pytest.fixture(scope="session")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = certify(folder)
    with running("--host", "127.0.0.2", "--certificate", certificate, "--key", key) as port:
        yield Secure(port, certificate)
