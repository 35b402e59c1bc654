"""`confer verify`: the same verification as the verifier's, in this process, without a service."""

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from shared.vc.report import Report

_MAX_BYTES = 4 * 1024 * 1024
_EXIT = {"accepted": 0, "rejected": 1, "undetermined": 3}
_MARK = {"passed": "[green]✓ passed      [/green]", "failed": "[red]✗ failed      [/red]",
         "inconclusive": "[yellow]? inconclusive[/yellow]", "skipped": "[dim]- skipped     [/dim]"}  # fmt: skip


def verify(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE|URL", help="A JSON, JWT, PNG or SVG file, an https URL, or - for standard input."
        ),
    ],
    email: Annotated[
        str | None, typer.Option(help="The applicant's address, to be matched with the badge.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="The applicant's name.")] = None,
    did: Annotated[str | None, typer.Option(help="The applicant's DID.")] = None,
    policy: Annotated[str, typer.Option(help="default or strict.")] = "default",
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    contexts: Annotated[
        Path | None,
        typer.Option(help="A directory with contexts that you added.", envvar="CONFER_CONTEXTS_DIR"),
    ] = None,
    local: Annotated[
        bool, typer.Option(help="Also fetch from this machine (a demonstration instance).")
    ] = True,
) -> None:
    """Verify a badge and say what was found.

    Exit status: 0 accepted, 1 rejected, 3 undetermined, 2 not to be read at all.
    """
    # Imported here: `confer --help` does without the credential engine.
    from shared.http.fetch import FetchError
    from shared.vc.verify import Applicant, Unrecognised

    applicant = Applicant(email=email, name=name, did=did) if email or name or did else None
    try:
        report = asyncio.run(_verify(source, applicant, policy, contexts, local))
    except (OSError, FetchError, Unrecognised) as problem:
        typer.echo(f"{source}: {problem}", err=True)
        raise typer.Exit(2) from problem
    if as_json:
        typer.echo(json.dumps(report.to_json(), indent=1, ensure_ascii=False))
    else:
        _show(report)
    raise typer.Exit(_EXIT[report.verdict])


async def _verify(
    source: str, applicant: "object | None", policy: str, extra: Path | None, local: bool
) -> "Report":
    from shared.clock import utc_now
    from shared.http.fetch import Fetcher
    from shared.vc.contexts import ContextStore
    from shared.vc.policy import BUILT_IN
    from shared.vc.verify import verify as verify_badge

    if policy not in BUILT_IN:
        raise typer.BadParameter(f"there is no policy {policy}; there are {', '.join(BUILT_IN)}")
    store = ContextStore.builtin(extra)
    fetcher = Fetcher(allow_loopback=local)
    try:
        return await verify_badge(
            await _read(source, fetcher),
            fetcher=fetcher,
            contexts=store,
            now=utc_now(),
            policy=BUILT_IN[policy],
            applicant=applicant,  # type: ignore[arg-type]  # an Applicant; its class is imported late
        )
    finally:
        await fetcher.close()


async def _read(source: str, fetcher: "object") -> bytes:
    if source == "-":
        return sys.stdin.buffer.read(_MAX_BYTES + 1)
    if source.startswith(("https://", "http://")):
        accept = "application/vc, application/vc+jwt;q=0.9, application/json;q=0.8, image/png;q=0.5, image/svg+xml;q=0.5"
        fetched = await fetcher(source, accept=accept, max_bytes=_MAX_BYTES)  # type: ignore[operator]  # a Fetcher
        return bytes(fetched.body)
    return await asyncio.to_thread(_read_file, Path(source))


def _read_file(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MAX_BYTES + 1)


def _show(report: "Report") -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    colour = {"accepted": "green", "rejected": "red", "undetermined": "yellow"}[report.verdict]
    console.print(
        f"[bold {colour}]{report.verdict}[/bold {colour}]  {escape(report.summary)}", soft_wrap=True
    )
    for check in report.checks:
        console.print(f"  {_MARK[check.outcome]}  {check.kind:<12} {escape(check.reason)}", soft_wrap=True)
    for source in report.fetched:
        age = f"{source.age_seconds} s old" + (", stale" if source.stale else "")
        console.print(
            f"  fetched         {escape(source.url)}  {age}  sha256 {source.sha256}", soft_wrap=True
        )
