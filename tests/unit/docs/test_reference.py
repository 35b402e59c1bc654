"""The documents say what the code does."""

import re
from pathlib import Path

import pytest

from tests.harness import reference

ROOT = Path(__file__).parents[3]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("path", reference.pages(), ids=lambda path: path.name)
def test_page_is_made_from_the_code_of_today(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == reference.pages()[path], "run `make docs`"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_linked_is_there(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_paths_that_are_named_exist(document: Path) -> None:
    for path in re.findall(
        r"`((?:services|shared|tests|deploy|docs)/[\w./-]+)`", document.read_text(encoding="utf-8")
    ):
        assert (ROOT / path).exists(), path
