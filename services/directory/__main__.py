"""`python -m services.directory serve | relay | consume | work | migrate | rotate-signing-key | …`."""

import asyncio
from typing import Annotated

import typer

from services.directory.app import Directory
from services.directory.settings import DirectorySettings
from shared.process import command_line

commands = command_line(Directory, DirectorySettings)


@commands.command("rotate-signing-key")
def rotate_signing_key(
    *,
    compromised: Annotated[
        bool,
        typer.Option("--compromised", help="The old key is in strange hands: drop it and its tokens now."),
    ] = False,
) -> None:
    """Sign access tokens with a new key; the old one stays published until its last token has expired."""

    async def rotate() -> str:
        directory = Directory(DirectorySettings())
        try:
            await directory.start()
            return await directory.context.signing_keys.rotate(compromised=compromised)
        finally:
            await directory.stop()

    typer.echo(asyncio.run(rotate()))


if __name__ == "__main__":
    commands()
