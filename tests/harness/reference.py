"""The reference pages that are made from the code: `python -m tests.harness.reference` writes them, a test compares.

They live here because no part of the product may import all four services.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from shared.http.problems import registered
from shared.settings import ServiceSettings
from shared.vc.codes import CODES

DOCS = Path(__file__).parents[2] / "docs"
SERVICES = ("issuer", "backpack", "verifier", "directory")
_UNDER_DATA = {"database_url", "key_file", "evidence_dir"}


def pages() -> dict[Path, str]:
    """Every page made from the code, by its path."""
    return {DOCS / "errors.md": errors(), DOCS / "settings.md": settings()}


def errors() -> str:
    """Every problem of the four services, and every code of a verification report."""
    lines = [
        "# Errors",
        "",
        "Made from the code by `make docs`.",
        "",
        "Our own API (`/v1`) refuses with `application/problem+json` (RFC 9457): `type` leads to an explanation at the service that",
        "answered, `code` is of the closed list below, `detail` says what to do, `errors` names single fields by JSON pointer, `request_id` is",
        "what to quote when asking for help. Endpoints of a standard answer errors as their standard says.",
        "",
    ]
    for name in SERVICES:
        import_module(f"services.{name}.app")  # problems are known once the modules that raise them are
    common = registered("shared")
    for heading, found in [
        ("Everywhere", common),
        *((f"The {name}", _own(name, common)) for name in SERVICES),
    ]:
        lines += [f"## {heading}", "", "| code | status | what it means |", "|---|---|---|"]
        lines += [
            f"| `{p.code}` | {p.status} | {_cell(p.title)}. {_cell(_first_sentence(p.explanation()))} |"
            for p in found
        ]
        lines.append("")
    lines += [
        "## Codes of a verification report",
        "",
        "A report is an answer, not an error: each check has one of these, and an outcome (passed, failed, inconclusive, skipped).",
        "",
        "| code | what was found |",
        "|---|---|",
        *(f"| `{code}` | {_cell(text)} |" for code, text in CODES.items()),
        "",
    ]
    return "\n".join(lines)


def _own(name: str, common: Any) -> list[Any]:
    return [problem for problem in registered(f"services.{name}") if problem not in common]


def _first_sentence(text: str) -> str:
    return text.split("\n\n", maxsplit=1)[0].replace("\n", " ").strip()


def _cell(text: str) -> str:
    return text.replace("|", "\\|").rstrip(".")


def settings() -> str:
    """Every setting of the four services."""
    lines = [
        "# Settings",
        "",
        "Made from the code by `make docs`.",
        "",
        "A setting is an environment variable. Each can be given for one service, `CONFER_ISSUER_DATABASE_URL`, or for all,",
        "`CONFER_DATABASE_URL`; the narrower one wins. The embedded profile needs none.",
        "",
        "## All services",
        "",
        *_table(ServiceSettings.model_fields, "CONFER_"),
    ]
    for name in SERVICES:
        module = import_module(f"services.{name}.settings")
        fields = getattr(module, f"{name.capitalize()}Settings").model_fields
        own = {key: field for key, field in fields.items() if key not in ServiceSettings.model_fields}
        lines += [f"## The {name}", "", *_table(own, f"CONFER_{name.upper()}_")]
    return "\n".join(lines)


def _table(fields: dict[str, FieldInfo], prefix: str) -> list[str]:
    lines = ["| setting | default | what it does |", "|---|---|---|"]
    for name, field in fields.items():
        assert field.description, f"{name} has no description"
        text = field.description.replace("\n", " ").replace("|", "\\|").strip()
        lines.append(f"| `{prefix}{name.upper()}` | {_default(name, field)} | {text} |")
    return [*lines, ""]


def _default(name: str, field: FieldInfo) -> str:
    if name in _UNDER_DATA:
        return "in the data directory"
    value = field.get_default(call_default_factory=False)
    text = "" if value is None else str(value)
    return f"`{text}`" if text and set(text) != {"*"} else "none"


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
