"""The README's story works as pasted."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.harness.platform import Platform, platform

ROOT = Path(__file__).parents[2]


def _story() -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- the story: .*?-->\n```sh\n(.*?)```", text, re.DOTALL)
    assert found
    return found[1]


def _at(running: Platform, story: str) -> str:
    """The same lines, for an instance on other ports."""
    for port, url in (
        ("8001", running.issuer),
        ("8002", running.backpack),
        ("8003", running.verifier),
        ("8004", running.directory),
    ):
        story = story.replace(f"http://localhost:{port}", url)
    return story


def test_the_story_in_curl(tmp_path: Path) -> None:
    with platform(tmp_path / "var") as running:
        run = subprocess.run(
            ["bash"], input=_at(running, _story()), cwd=tmp_path, env={"PATH": "/usr/bin:/bin"},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    said = run.stdout.strip().splitlines()
    assert said[0].startswith("Accepted"), said
    assert said[1].startswith("Her link: http"), said
    assert "revoked" in said[2], said


@pytest.mark.parametrize(
    "target", re.findall(r"\]\(([^)#h][^)]*)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
)
def test_what_it_links_to_is_there(target: str) -> None:
    assert (ROOT / target).exists()
