"""The dashboard and the alert rules ask for what the services measure, in words that Prometheus understands."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client import CollectorRegistry

from shared.messaging.metrics import MessagingMetrics
from shared.webhooks.metrics import WebhookMetrics
from tests.harness.services import service_of

DEPLOY = Path(__file__).parents[3] / "deploy"
RULES: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))
SCRAPED: dict[str, Any] = yaml.safe_load(
    (DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
)
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana" / "confer.json").read_text(encoding="utf-8"))
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"]]
OF_PROMETHEUS = {"up": {"job", "instance", "service"}}
TARGET = {"job", "instance", "service"}
"""Labels that the scraping adds."""
DURATION = re.compile(r"[1-9][0-9]*[smhd]")


def _expressions() -> list[tuple[str, str]]:
    found = [(rule["alert"], rule["expr"]) for rule in ALERTS]
    found += [
        (f"{panel['title']} {target['refId']}", target["expr"])
        for panel in DASHBOARD["panels"]
        for target in panel["targets"]
    ]
    return found


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Every series that a service shows, with its labels; the registries are those that /metrics renders."""
    found: dict[str, set[str]] = {}
    for name in ("issuer", "backpack", "verifier", "directory"):
        with service_of(name, tmp_path_factory.mktemp(name)) as service:
            found |= _series(service.metrics.registry)
    return found


def _series(registry: CollectorRegistry) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for collector in registry._collector_to_names:
        labels = set(getattr(collector, "_labelnames", ()))
        for name in registry._collector_to_names[collector]:
            found[name] = labels | ({"le"} if name.endswith("_bucket") else set())
    return found


@pytest.mark.parametrize(("where", "expression"), _expressions(), ids=[name for name, _ in _expressions()])
def test_what_is_asked_for_is_measured(where: str, expression: str, measured: dict[str, set[str]]) -> None:
    selectors = list(_selectors(promql_parser.parse(expression)))
    assert selectors, where
    known = measured | OF_PROMETHEUS
    for selector in selectors:
        assert selector.name in known, f"{where}: nothing measures {selector.name}"
        labels = {matcher.name for matcher in selector.matchers.matchers}
        assert labels <= known[selector.name] | TARGET, f"{where}: {selector.name} has no {labels}"
    by = {
        label for group in re.findall(r"\bby \(([^)]*)\)", expression) for label in re.split(r",\s*", group)
    }
    everywhere = set.union(*(known[selector.name] for selector in selectors)) | TARGET
    assert by <= everywhere, where


def _selectors(node: Any) -> Iterator[Any]:
    """The vector selectors in an expression, whatever they stand in."""
    if isinstance(node, promql_parser.VectorSelector):
        yield node
        return
    for name in ("lhs", "rhs", "expr", "param", "vector_selector"):
        inner = getattr(node, name, None)
        if inner is not None and not isinstance(inner, str):
            yield from _selectors(inner)
    for each in getattr(node, "args", None) or ():
        yield from _selectors(each)


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_a_rule_is_one(rule: dict[str, Any]) -> None:
    assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"Confer[A-Za-z]+", rule["alert"])
    assert "for" not in rule or DURATION.fullmatch(rule["for"])
    assert rule["labels"]["severity"] in {"page", "ticket", "info"}
    assert rule["annotations"]["summary"].endswith(".")
    named = set(re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"])))
    kept = re.search(r"\bby \(([^)]*)\)", rule["expr"])
    assert kept is None or named <= set(re.split(r",\s*", kept[1])), "aggregated away"


def test_rules_have_names_of_their_own() -> None:
    names = [rule["alert"] for rule in ALERTS]
    assert len(names) == len(set(names))
    assert RULES.keys() == {"groups"}
    for group in RULES["groups"]:
        assert group.keys() == {"name", "rules"}


def test_what_matters_is_watched() -> None:
    asked = " ".join(expression for _, expression in _expressions())
    for collector in (MessagingMetrics, WebhookMetrics):
        registry = CollectorRegistry()
        collector(registry)
        for name in _series(registry):
            stem = re.sub(r"_(total|created|bucket|count|sum)$", "", name)
            if stem != "confer_events_parked":  # how many ever; what is put aside now is what matters
                assert stem in asked, f"neither the dashboard nor an alert asks for {name}"


def test_every_process_of_the_compose_file_is_scraped() -> None:
    targets = {
        target
        for job in SCRAPED["scrape_configs"]
        for each in job["static_configs"]
        for target in each["targets"]
    }
    ours = {
        name: unit["command"]
        for name, unit in COMPOSE["services"].items()
        if str(unit.get("image", "")).startswith("${CONFER_IMAGE") and unit["command"][1] != "migrate"
    }
    ports = {"issuer": 8001, "backpack": 8002, "verifier": 8003, "directory": 8004}
    assert targets == {
        f"{name}:{ports[name] if command[1] == 'serve' else 9100}" for name, command in ours.items()
    }
    assert SCRAPED["rule_files"] == ["alerts.yml"]


def test_panels_do_not_lie_upon_one_another() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
