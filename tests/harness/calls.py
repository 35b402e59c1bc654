"""Every operation of the running services, as their OpenAPI documents list them, and how to call it as whoever may."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.http.client import Client, Response, open_client
from tests.harness.platform import SERVICES, Platform
from tests.harness.story import Story

Json = dict[str, Any]
_METHODS = ("get", "put", "post", "patch", "delete")


@dataclass(frozen=True)
class Call:
    """One operation under `/v1`."""

    service: str
    method: str
    path: str
    document: Json
    """The operation in the OpenAPI document."""

    def __str__(self) -> str:
        return f"{self.service} {self.document['operationId']}"

    @property
    def name(self) -> str:
        return str(self.document["operationId"])

    @property
    def bodies(self) -> Mapping[str, Json]:
        """What it reads, by media type."""
        return self.document.get("requestBody", {}).get("content", {})  # type: ignore[no-any-return]  # JSON

    @property
    def takes_json(self) -> bool:
        return "application/json" in self.bodies

    def takes(self, place: str) -> set[str]:
        """The names of its parameters in `path`, `query` or `header`."""
        return {each["name"] for each in self.document.get("parameters", ()) if each["in"] == place}


def calls(running: Platform) -> Iterator[Call]:
    """Everything under `/v1` of the four services."""
    for service in SERVICES:
        with open_client(getattr(running, service)) as client:
            document = client.get("/openapi.json").json()
        for path, methods in document["paths"].items():
            if path.startswith("/v1/"):
                for method, operation in methods.items():
                    if method in _METHODS:
                        yield Call(service, method.upper(), path, operation)


class Caller:
    """Sends any call with existing ids in its path and the token of whoever may do it."""

    def __init__(self, running: Platform, story: Story) -> None:
        self.ids = story.resources("A plain text")
        self.story = story
        self._clients: dict[str, Client] = {}
        self._tokens = {
            "issuer": story.owner_token("issuer"),
            "verifier": story.owner_token("verifier"),
            "directory": str(story.organisations["a"]["session"]),
            "backpack": story.learner_token("a"),
        }
        self._tokens["backpack's organisations"] = story.owner_token("backpack")
        for key, token in self._tokens.items():
            self._clients[key] = open_client(getattr(running, key.partition("'")[0]), token=token)

    def path(self, call: Call, **changed: str) -> str:
        """The path with ids of things that exist, but for those given."""
        known = {"did": "did:web:nobody.example", **self.ids[call.service], **changed}
        return re.sub(r"\{(\w+)\}", lambda found: known[found[1]], call.path)

    def authorization(self, call: Call) -> str:
        return f"Bearer {self._tokens[_whose(call)]}"

    def send(self, call: Call, path: str | None = None, **request: Any) -> Response:
        headers = request.pop("headers", {})
        if call.method in {"PUT", "PATCH", "DELETE"} and "If-Match" not in headers:
            headers = {"If-Match": "*", **headers}
        return self._clients[_whose(call)].request(
            call.method, path or self.path(call), headers=headers, **request
        )

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


def _whose(call: Call) -> str:
    """Most of the backpack is a learner's; events and webhooks are an organisation's."""
    if call.service == "backpack" and call.path.startswith(("/v1/events", "/v1/webhooks")):
        return "backpack's organisations"
    return call.service
