"""The compose file does what it claims: real commands, real settings, migrations first, nothing running as root."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.db import migrate
from shared.process import command_line
from tests.harness.services import classes_of

DEPLOY = Path(__file__).parents[3] / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
OURS = {
    name: unit
    for name, unit in COMPOSE["services"].items()
    if str(unit.get("image", "")).startswith("${CONFER_IMAGE")
}
SERVICES = ("issuer", "backpack", "verifier", "directory")


def _service_of(unit: dict[str, Any]) -> str:
    return str(unit["command"][0]).removeprefix("services.")


def test_every_service_serves_and_migrates() -> None:
    commands = {tuple(unit["command"]) for unit in OURS.values()}
    for service in SERVICES:
        assert {(f"services.{service}", "serve"), (f"services.{service}", "migrate")} <= commands


@pytest.mark.parametrize("name", OURS)
def test_command_exists(name: str) -> None:
    module, command = OURS[name]["command"]
    commands = command_line(*classes_of(_service_of(OURS[name])))
    known = {c.name or c.callback.__name__ for c in commands.registered_commands if c.callback}
    assert module == f"services.{_service_of(OURS[name])}"
    assert command in known


@pytest.mark.parametrize("service", SERVICES)
def test_every_worker_role_that_a_service_has_is_run(service: str, tmp_path: Path) -> None:
    roles = asyncio.run(_roles(service, tmp_path)) - {"serve"}
    run = {unit["command"][1] for unit in OURS.values() if _service_of(unit) == service}
    assert run - {"serve", "migrate"} == roles


async def _roles(service: str, data_dir: Path) -> set[str]:
    service_class, settings_class = classes_of(service)
    made = service_class(settings_class(data_dir=data_dir))
    try:
        migrate.upgrade(made.settings.database_url, made.migrations)
        await made.start()
        return {worker.role for worker in made.workers()}
    finally:
        await made.stop()


@pytest.mark.parametrize("name", OURS)
def test_every_setting_is_one(name: str) -> None:
    service = _service_of(OURS[name])
    known = set(classes_of(service)[1].model_fields)
    for variable in OURS[name]["environment"]:
        other = re.match(r"CONFER_(ISSUER|BACKPACK|VERIFIER|DIRECTORY)_", variable)
        if other and other[1].lower() != service and variable != f"CONFER_{other[1]}_URL":
            continue  # another service's own, in the common block
        field = re.sub(rf"^CONFER_({service.upper()}_)?", "", variable).lower()
        assert field in known or field == "url", variable


@pytest.mark.parametrize("name", OURS)
def test_without_root_and_read_only(name: str) -> None:
    unit = OURS[name]
    assert unit["read_only"] is True
    assert unit["user"].split(":")[0] not in {"0", "root"}
    assert unit["cap_drop"] == ["ALL"]
    assert unit["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", OURS)
def test_nothing_starts_before_its_migration(name: str) -> None:
    unit, service = OURS[name], _service_of(OURS[name])
    if unit["command"][1] == "migrate":
        assert unit["restart"] == "no"
        assert unit["depends_on"]["postgres"] == {"condition": "service_healthy"}
    else:
        assert unit["depends_on"] == {f"{service}-migrate": {"condition": "service_completed_successfully"}}


@pytest.mark.parametrize("service", SERVICES)
def test_health_is_checked(service: str) -> None:
    assert "/readyz" in " ".join(COMPOSE["services"][service]["healthcheck"]["test"])


def test_what_is_measured_stays_inside() -> None:
    sites = re.findall(
        r"^\{.*?^\}", (DEPLOY / "Caddyfile").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert len(sites) == len(SERVICES)
    for site in sites:
        assert "\trespond /metrics 404\n" in site
    assert [name for name, unit in COMPOSE["services"].items() if "ports" in unit] == ["proxy"]


def test_the_database_takes_the_connections_of_all_processes() -> None:
    allowed = int(COMPOSE["services"]["postgres"]["command"][-1].removeprefix("max_connections="))
    lasting = [name for name, unit in OURS.items() if unit["command"][1] != "migrate"]
    assert 2 * 10 * len(lasting) <= allowed, "ten for each, and room for a second one of each"
    assert "-h" in COMPOSE["services"]["postgres"]["healthcheck"]["test"]


def test_every_variable_without_a_default_is_in_the_example() -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8") + (DEPLOY / "Caddyfile").read_text(
        encoding="utf-8"
    )
    needed = set(re.findall(r"\$\{([A-Z_]+)(?::\?[^}]*)?\}", text)) | set(
        re.findall(r"\{\$([A-Z_]+)\}", text)
    )
    given = set(
        re.findall(
            r"^([A-Z_]+)=", (DEPLOY / "settings.env.example").read_text(encoding="utf-8"), re.MULTILINE
        )
    )
    assert needed - {"CONFER_IMAGE"} <= given


def test_the_image_needs_only_what_is_pinned() -> None:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    installs = re.findall(r"pip install (.*)", text)
    assert installs
    for line in installs:
        assert "--require-hashes" in line or line.endswith("--no-deps --no-build-isolation .")
    assert re.search(r"^USER (?!0|root)\S+", text, re.MULTILINE)
