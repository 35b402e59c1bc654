"""`confer keys`: the key-encryption keys that protect what the services keep secret (decision 7)."""

from pathlib import Path
from typing import Annotated

import typer

commands = typer.Typer(no_args_is_help=True, help="Key-encryption keys: the files behind the stored secrets.")

KeyFile = Annotated[Path, typer.Argument(help="The key file, such as var/keys/issuer.kek.")]


@commands.command()
def new(file: KeyFile) -> None:
    """Make a key file, readable by its owner only. Refuses to touch one that exists."""
    # Imported here, as below: no other command waits for databases to be loaded.
    from shared.db.keys import KeyEncryption

    if file.exists():
        typer.echo(f"{file} exists; `confer keys add {file}` adds a newer key to it", err=True)
        raise typer.Exit(1)
    typer.echo(f"{file}: key {KeyEncryption.from_file(file, create=True).key_id}")


@commands.command()
def add(file: KeyFile) -> None:
    """Add a newer key: it encrypts from the next start on, the older ones go on decrypting."""
    from shared.db.keys import KeyFileRefused, add_key

    try:
        typer.echo(f"{file}: key {add_key(file).key_id} encrypts from the next start on")
    except KeyFileRefused as refusal:
        typer.echo(str(refusal), err=True)
        raise typer.Exit(1) from refusal


@commands.command("list")
def list_keys(file: KeyFile) -> None:
    """Name the keys in a file (never their values); the first one encrypts."""
    from shared.db.keys import KeyEncryption, KeyFileRefused

    try:
        names = KeyEncryption.from_file(file).key_ids
    except KeyFileRefused as refusal:
        typer.echo(str(refusal), err=True)
        raise typer.Exit(1) from refusal
    for name in names:
        typer.echo(name)
