"""`python -m tests.hostile.fuzz <target>`: fuzz one parser; figures go to var/fuzz/<target>.json."""

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from .seeds import seeds, words
from .targets import TARGETS, described

_MEMORY = 1500  # MB; beyond it, libFuzzer says that memory grows
_SECONDS = 60  # for one input, on the clock: a machine may be busy; processor time is looked at by the target
_PROGRESS = re.compile(r"#(\d+)\s+\w+\s+cov: (\d+) ft: (\d+) corp: (\d+)/\S+ .*rss: (\d+)Mb")

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def fuzz(
    target: Annotated[str, typer.Argument(help="Which parser; none lists them.")] = "",
    minutes: Annotated[float, typer.Option(help="For how long.")] = 10,
    folder: Annotated[Path, typer.Option(help="Corpus, figures and whatever breaks the target.")] = Path(
        "var/fuzz"
    ),
    seed: Annotated[int, typer.Option(help="libFuzzer's; 0 chooses one.")] = 0,
) -> None:
    """Fuzz one parser from generated credentials on, guided by coverage; exit 1 if something breaks it."""
    if target not in TARGETS:
        print("\n".join(described()))
        raise typer.Exit(code=0 if not target else 2)
    if find_spec("atheris") is None:
        print(
            "Fuzzing needs atheris: .venv/bin/python -m pip install -r requirements/fuzz.in", file=sys.stderr
        )
        raise typer.Exit(code=2)
    found = _run(target, minutes, folder, seed)
    (folder / f"{target}.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found))
    raise typer.Exit(code=0 if not found["broken"] else 1)


def _run(target: str, minutes: float, folder: Path, seed: int) -> dict[str, Any]:
    corpus, broken = folder / target, folder / f"{target}-broken"
    for one in (corpus, broken):
        one.mkdir(parents=True, exist_ok=True)
    for number, one in enumerate(seeds(target)):
        (corpus / f"seed-{number}").write_bytes(one)
    dictionary = folder / "words.dict"
    dictionary.write_text("".join(f"{_quoted(word)}\n" for word in words()))
    arguments = [
        f"-max_total_time={int(minutes * 60)}",
        f"-rss_limit_mb={_MEMORY}",
        f"-timeout={_SECONDS}",
        f"-dict={dictionary}",
        f"-artifact_prefix={broken}/",
        f"-seed={seed}",
        "-max_len=65536",
        "-print_final_stats=1",
    ]
    before = set(broken.iterdir())
    log = folder / f"{target}.log"
    with log.open("wb") as output:
        worker = [sys.executable, "-m", "tests.hostile.fuzz.worker", target, *arguments, str(corpus)]
        code = subprocess.run(worker, stdout=output, stderr=subprocess.STDOUT, check=False).returncode
    text = log.read_text(errors="replace")
    return {
        "target": target,
        "minutes": minutes,
        "exit": code,
        "broken": sorted(one.name for one in set(broken.iterdir()) - before)
        or ([f"exit {code}"] if code else []),
        **_figures(text),
    }


def _quoted(word: str) -> str:
    return (
        '"'
        + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\x{b:02x}" for b in word.encode())
        + '"'
    )


def _figures(log: str) -> dict[str, int]:
    """Executions a second, coverage (edges), and how the seeds' coverage grew."""
    lines = [[int(one) for one in found] for found in _PROGRESS.findall(log)]
    stats = {name: int(value) for name, value in re.findall(r"stat::(\w+):\s+(\d+)", log)}
    first, last = (lines[0], lines[-1]) if lines else ([0] * 5, [0] * 5)
    return {
        "executions": stats.get("number_of_executed_units", last[0]),
        "per_second": stats.get("average_exec_per_sec", 0),
        "edges_of_seeds": next((line[1] for line in lines if line[0] > 0), first[1]),
        "edges": last[1],
        "features": last[2],
        "corpus": last[3],
        "peak_mb": stats.get("peak_rss_mb", last[4]),
        "slowest_seconds": stats.get("slowest_unit_time_sec", 0),
    }


if __name__ == "__main__":
    app()
