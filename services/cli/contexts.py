"""`confer contexts`: the JSON-LD contexts that credentials are read with. They are pinned, never fetched (decision 17)."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from shared.vc.contexts import ContextStore

commands = typer.Typer(no_args_is_help=True, help="The pinned JSON-LD contexts.")


@commands.command("list")
def list_contexts(
    extra: Annotated[
        Path | None,
        typer.Option(help="A directory with contexts that you added.", envvar="CONFER_CONTEXTS_DIR"),
    ] = None,
) -> None:
    """List every pinned context with its SHA-256."""
    store = ContextStore.builtin(extra)
    table = Table("URL", "SHA-256")
    for url in store.urls():
        for pinned in store.alternatives(url):
            table.add_row(pinned.url, pinned.sha256)
    Console(width=200).print(table)
