"""The typed Python client, generated from the checked-in OpenAPI documents."""

import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
DOCUMENTS = ROOT / "docs" / "openapi"
CONFIGURATION = Path(__file__).with_name("typed_client.yaml")


def generate(service: str, into: Path) -> str:
    """Generate one service's client as the package `into/<service>_client`. Returns what the generator warned of."""
    run = subprocess.run(
        [
            str(Path(sys.executable).parent / "openapi-python-client"), "generate", "--overwrite", "--meta", "none",
            "--path", str(DOCUMENTS / f"{service}.json"), "--output-path", str(into / f"{service}_client"),
            "--config", str(CONFIGURATION),
        ],
        capture_output=True, text=True, check=False, timeout=120, env={**os.environ, "PYTHONUTF8": "1"},
    )  # fmt: skip
    if run.returncode:
        raise RuntimeError(run.stdout + run.stderr)
    return run.stdout


class TypedClient:
    """One service's generated client: `call("awards.create_award", token, body=…)`."""

    def __init__(self, service: str, package: str, url: str) -> None:
        self._package = package
        self._module: ModuleType = importlib.import_module(package)
        self._url = url
        self.service = service
        self.models = importlib.import_module(f"{package}.models")

    def call(self, operation: str, token: str | None = None, **arguments: object) -> object:
        """The parsed answer of an operation, an instance of a generated model (a `Problem` if it was refused)."""
        module = importlib.import_module(f"{self._package}.api.{operation}")
        client = (
            self._module.AuthenticatedClient(base_url=self._url, token=token)
            if token
            else self._module.Client(base_url=self._url)
        )
        with client:
            return module.sync(client=client, **arguments)
