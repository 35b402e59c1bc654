"""`python -m services.directory serve | relay | consume | work | migrate | rotate-signing-key | …`."""

import asyncio

import typer

from services.directory.app import Directory
from services.directory.settings import DirectorySettings
from shared.process import command_line

commands = command_line(Directory, DirectorySettings)


@commands.command("rotate-signing-key")
def rotate_signing_key() -> None:
    """Sign access tokens with a new key from now on; the old one is published until its last token has expired."""

    async def rotate() -> str:
        directory = Directory(DirectorySettings())
        try:
            await directory.start()
            return await directory.context.signing_keys.rotate()
        finally:
            await directory.stop()

    typer.echo(asyncio.run(rotate()))


if __name__ == "__main__":
    commands()
