"""`confer verify`: the same verification as the verifier's, in this process, without a service."""

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from shared.http.fetch import Fetcher
    from shared.vc.report import Check, Report
    from shared.vc.verify import Applicant

_ACCEPT = (
    "application/vc, application/vc+jwt, application/vc+sd-jwt, application/vc+ld+json;q=0.9, application/ld+json;q=0.9,"
    " application/json;q=0.8, application/jwt;q=0.8, image/png;q=0.6, image/svg+xml;q=0.6, text/plain;q=0.4,"
    " application/octet-stream;q=0.3"
)
_EXIT = {"accepted": 0, "rejected": 1, "undetermined": 3}
_GRAVEST = (2, 1, 3, 0)
_MARK = {"passed": "[green]✓ passed      [/green]", "failed": "[red]✗ failed      [/red]",
         "inconclusive": "[yellow]? inconclusive[/yellow]", "skipped": "[dim]- skipped     [/dim]"}  # fmt: skip


def verify(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE|URL...", help="JSON, JWT, PNG or SVG files, https URLs, or - for standard input."
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
    registry: Annotated[
        str | None,
        typer.Option(
            help="Ask this directory (its base URL) who vouches for the issuer; nobody is asked else."
        ),
    ] = None,
    local: Annotated[
        bool, typer.Option(help="Also fetch from this machine (a demonstration instance).")
    ] = True,
) -> None:
    """Verify badges and say what was found: the report that the verifier service gives, in this process.

    With --json the report is that of `POST /v1/verifications`, of several badges one on each line; without, a line for
    each check.

    Exit status: 0 accepted, 1 rejected, 3 undetermined, 2 not to be read at all (no badge, no such file); of several
    badges 2 before 1 before 3.
    """
    # Imported here: `confer --help` does without the credential engine.
    from shared.vc.verify import Applicant

    applicant = Applicant(email=email, name=name, did=did) if email or name or did else None
    reports = asyncio.run(_verify(sources, applicant, policy, contexts, registry, local))
    statuses = []
    for source, found in zip(sources, reports, strict=True):
        if isinstance(found, Exception):
            typer.echo(f"{source}: {found}", err=True)
            statuses.append(2)
            continue
        statuses.append(_EXIT[found.verdict])
        if as_json:
            indent = 1 if len(sources) == 1 else None
            typer.echo(json.dumps(found.to_json(), indent=indent, ensure_ascii=False))
        else:
            _show(found, source if len(sources) > 1 else None)
    raise typer.Exit(min(statuses, key=_GRAVEST.index))


async def _verify(
    sources: list[str],
    applicant: "Applicant | None",
    policy: str,
    extra: Path | None,
    registry: str | None,
    local: bool,
) -> "list[Report | Exception]":
    """The report on each source, or why there is none."""
    from shared.clock import utc_now
    from shared.http.fetch import Fetcher, FetchError
    from shared.http.recognitions import Recognitions
    from shared.vc.contexts import ContextStore
    from shared.vc.policy import BUILT_IN
    from shared.vc.verify import Unrecognised
    from shared.vc.verify import verify as verify_badge

    if policy not in BUILT_IN:
        raise typer.BadParameter(f"there is no policy {policy}; there are {', '.join(BUILT_IN)}")
    store, reports = ContextStore.builtin(extra), list["Report | Exception"]()
    fetcher = Fetcher(allow_loopback=local)
    lookup = None if registry is None else Recognitions(fetcher, registry.rstrip("/"))
    try:
        for source in sources:
            try:
                report = await verify_badge(
                    await _read(source, fetcher),
                    fetcher=fetcher,
                    contexts=store,
                    now=utc_now(),
                    policy=BUILT_IN[policy],
                    applicant=applicant,
                    recognitions=lookup,
                )
            except (OSError, FetchError, Unrecognised) as problem:
                reports.append(problem)
            else:
                reports.append(report)
    finally:
        await fetcher.close()
    return reports


async def _read(source: str, fetcher: "Fetcher") -> bytes:
    from shared.vc.verify import Limits

    most = Limits().input_bytes  # as the service takes it; one byte more is refused by the verification
    if source == "-":
        return sys.stdin.buffer.read(most + 1)
    if source.startswith(("https://", "http://")):
        fetched = await fetcher(source, accept=_ACCEPT, max_bytes=most)
        return fetched.body
    return await asyncio.to_thread(_read_file, Path(source), most + 1)


def _read_file(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        return file.read(most)


def _show(report: "Report", title: str | None) -> None:
    from rich.console import Console
    from rich.markup import escape

    from shared.vc.dates import write_date_time

    console = Console(highlight=False, soft_wrap=True)
    if title is not None:
        console.print(f"[bold]{escape(title)}[/bold]")
    colour = {"accepted": "green", "rejected": "red", "undetermined": "yellow"}[report.verdict]
    console.print(f"[bold {colour}]{report.verdict}[/bold {colour}]  {escape(report.summary)}")
    if report.credential is not None:
        shown = report.credential
        name, issuer = (shown.get("name") or "unnamed"), (shown.get("issuer") or {})
        by = issuer.get("name") or issuer.get("id") or "nobody named"
        console.print(
            f"  [dim]{report.format} in {report.container}:[/dim] {escape(str(name))}, by {escape(str(by))}"
        )
    for check in report.checks:
        console.print(f"  {_MARK[check.outcome]}  {check.kind:<12} {escape(check.reason)}{_where(check)}")
    for source in report.fetched:
        age = f", {source.age_seconds} s before" if source.age_seconds else ""
        stale = ", stale: nothing newer could be fetched" if source.stale else ""
        at = write_date_time(source.fetched_at)
        console.print(f"  fetched         {escape(source.url)}  {at}{age}{stale}  sha256 {source.sha256}")


def _where(check: "Check") -> str:
    """The code and the place of a check that did not pass: what one looks up, and where."""
    from rich.markup import escape

    if check.outcome not in {"failed", "inconclusive"}:
        return ""
    place = f" at {check.pointer}" if check.pointer else ""
    return f" [dim]({check.code}{escape(place)})[/dim]"
