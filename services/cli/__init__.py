"""The command line `confer`. It speaks to the services as a stranger would: over HTTP, or by starting them.

It imports none of them, so it starts quickly and works against services that run elsewhere.
"""

import typer

from services.cli import contexts, demo, keys, operate, up, verify

confer = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Badges and micro-credentials: issue, keep, show, verify.",
)
confer.command("up")(up.up)
confer.command("demo")(demo.demo)
confer.command("verify")(verify.verify)
confer.command("migrate")(operate.migrate)
confer.command("fsck")(operate.fsck)
confer.command("compare")(operate.compare)
confer.command("rebuild")(operate.rebuild)
confer.command("move")(operate.move)
confer.command("openapi")(operate.openapi)
confer.add_typer(keys.commands, name="keys")
confer.add_typer(contexts.commands, name="contexts")
