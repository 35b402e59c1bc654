"""`confer demo`: the whole story, played against running services as strangers would: over HTTP."""

from pathlib import Path
from typing import Annotated

import typer

from shared.settings import PORTS


def _option(service: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        envvar=f"CONFER_{service.upper()}_URL", help=f"The {service}'s public URL."
    )
    return option


def _default(service: str) -> str:
    return f"http://localhost:{PORTS[service]}"


def demo(
    issuer: Annotated[str, _option("issuer")] = _default("issuer"),
    backpack: Annotated[str, _option("backpack")] = _default("backpack"),
    verifier: Annotated[str, _option("verifier")] = _default("verifier"),
    directory: Annotated[str, _option("directory")] = _default("directory"),
    data_dir: Annotated[
        Path, typer.Option(envvar="CONFER_DATA_DIR", help="Where the services' mail lies as files.")
    ] = Path("var"),
) -> None:
    """Play the whole story against running services: from an organisation's sign-up to a revoked badge.

    A line per step with its time; ends with `demo: N of N steps passed`. Exit status 1 if a step failed.
    """
    # Imported here: `confer --help` needs neither an HTTP client nor cryptography.
    from services.cli.demo.stage import Stage
    from services.cli.demo.story import STORY

    stage = Stage(issuer, backpack, verifier, directory, data_dir / "mail")
    missing = stage.unreachable()
    if missing:
        typer.echo(
            f"no answer from: {', '.join(missing)}; start them with `make run` (or `confer up`)", err=True
        )
        raise typer.Exit(1)
    raise typer.Exit(0 if stage.play(STORY) else 1)
