"""`python -m tests.hostile.mutation`: every change of every format, counted; exit 1 if one stands."""

import sys
import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from .samples import samples
from .trying import Tally, changes_of, share, tried

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def mutate(
    folder: Annotated[
        Path | None, typer.Option("--samples", help="A folder of credentials with an index.json.")
    ] = None,
    form: Annotated[str, typer.Option(help="Only formats whose name holds this.")] = "",
    most: Annotated[int, typer.Option(help="At most so many changes of each sample; 0: all.")] = 0,
) -> None:
    """Change every format's credentials in every place and say what became of it."""
    started = time.process_time()
    made = samples()
    if folder is not None:
        from .elsewhere import samples_in  # only with a folder: it reads foreign files

        made += samples_in(folder)
    forms: dict[str, Tally] = {}
    for sample in made:
        if form in sample.form:
            changes = changes_of(sample)
            tally = tried(sample, share(list(changes), most) if most else changes)
            forms.setdefault(sample.form, Tally()).add(tally)
            print(_line(f"{sample.form} ({sample.name})", tally), file=sys.stderr, flush=True)
    total = Tally()
    print(f"{'format':44}{'tried':>8}{'refused':>9}{'same statement':>16}{'standing':>10}")
    for name, tally in forms.items():
        print(_line(name, tally))
        total.add(tally)
    print(_line("all", total))
    _tell(total)
    print(f"{time.process_time() - started:.0f} s of processor time")
    raise typer.Exit(code=1 if total.standing else 0)


def _line(name: str, tally: Tally) -> str:
    kept = tally.kept.total()
    return f"{name:44}{tally.tried:8}{tally.refused.total():9}{kept:16}{len(tally.standing):10}"


def _tell(total: Tally) -> None:
    print("\nrefused, by the gravest check:")
    for reason, number in total.refused.most_common():
        print(f"{number:9}  {reason}")
    print("\nthe same statement, and the report says the same:")
    whys: dict[str, Counter[str]] = {}
    for (why, kind), number in total.kept.items():
        whys.setdefault(why, Counter())[kind] += number
    for why, kinds in sorted(whys.items(), key=lambda one: -one[1].total()):
        print(f"{kinds.total():9}  {why}: " + ", ".join(f"{kind} {n}" for kind, n in kinds.most_common(12)))
    if total.standing:
        print("\nSTANDING:")
        print("\n".join(total.standing[:2000]))


if __name__ == "__main__":
    app()
