"""The typed Python client, generated from the checked-in OpenAPI documents."""

import os
import subprocess
import sys
from pathlib import Path

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
    _complete_imports(into / f"{service}_client" / "api")
    return run.stdout


def _complete_imports(api: Path) -> None:
    """The generator (0.29) writes `Unset` for a body of several media types without importing it."""
    for module in api.rglob("*.py"):
        text = module.read_text(encoding="utf-8")
        module.write_text(
            text.replace("import Response, UNSET\n", "import Response, UNSET, Unset\n"), encoding="utf-8"
        )
