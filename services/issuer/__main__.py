"""`python -m services.issuer serve | relay | consume | work | migrate | openapi | fsck | redeliver | …`."""

import asyncio
from datetime import timedelta
from typing import Annotated

import typer

from services.issuer.app import Issuer
from services.issuer.awards.deliveries import redeliver
from services.issuer.settings import IssuerSettings
from shared.process import command_line

commands = command_line(Issuer, IssuerSettings)


@commands.command("redeliver")
def redeliver_command(
    hours: Annotated[float, typer.Option(help="Only awards older than this.")] = 1.0,
) -> None:
    """Send again what no backpack has said to hold. Safe to repeat."""
    typer.echo(f"awards put back into the outbox: {asyncio.run(_redeliver(timedelta(hours=hours)))}")


async def _redeliver(older_than: timedelta) -> int:
    service = Issuer(IssuerSettings())
    try:
        await service.start()
        return await redeliver(service.context, older_than=older_than)
    finally:
        await service.stop()


if __name__ == "__main__":
    commands()
