"""Our services as the suites' manifests describe an implementation."""

from collections.abc import Mapping
from typing import Any

from tests.suites.catalogue import Endpoint, Suite
from tests.suites.stack import Stack

NAME = "Confer"
_PURPOSES = [
    {"purpose": "revocation"},
    {"purpose": "suspension"},
    {"purpose": "message", "messages": ["submitted", "under review", "accepted", "refused"]},
]
_SCOPES = ("vc-api:read", "vc-api:write", "vc-api:issue")


class Instances:
    """The instances of the VC API that the suites need, each opened when it is first asked for."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._story = stack.story()
        self._open: dict[tuple[str, str | None, bool], str] = {}
        self._client: dict[str, Any] | None = None

    def token(self) -> str:
        """A new one, good for a quarter of an hour: as long as any suite takes, but not as all of them do."""
        if self._client is None:
            self._client = self._story.client("a", "suites", list(_SCOPES))
        return self._story.token(self._client, "issuer", list(_SCOPES))

    def did(self, securing: str, algorithm: str | None, token: str, *, status: bool) -> str:
        """The issuer that credentials have to name to be signed by such an instance."""
        wanted = (securing, algorithm, status)
        if wanted not in self._open:
            body = {
                "securing": securing,
                **({} if algorithm is None else {"algorithm": algorithm}),
                "status": _PURPOSES if status else [],
            }
            opened = self._story.json("issuer", "POST", "/v1/vc-api/instances", token, json=body)
            self._open[wanted] = opened["did"]
        return self._open[wanted]

    def manifests(self, suite: Suite) -> list[dict[str, Any]]:
        """What the suite is told of us."""
        stack, token = self._stack, self.token()
        found: dict[str, Any] = {"name": NAME, "implementation": NAME}
        if suite.issuers:
            found["issuers"] = [self._issuer(each, "/credentials/issue", token) for each in suite.issuers]
        if suite.holders:
            found["vcHolders"] = [self._issuer(each, "/credentials/derive", token) for each in suite.holders]
        if suite.verifiers:
            url = f"{stack.verifier}/credentials/verify"
            found["verifiers"] = [_endpoint(each, url, "did:web:localhost") for each in suite.verifiers]
        if suite.presentation_verifiers:
            url = f"{stack.verifier}/presentations/verify"
            found["vpVerifiers"] = [
                _endpoint(each, url, "did:web:localhost") for each in suite.presentation_verifiers
            ]
        if suite.holder is None:
            return [found]
        return [found, {"name": suite.holder, "implementation": NAME, "vcHolders": found["vcHolders"]}]

    def _issuer(self, each: Endpoint, path: str, token: str) -> dict[str, Any]:
        settings = dict(each.settings)
        status = bool(settings.pop("status", False))
        did = self.did(each.securing, each.algorithm, token, status=status)
        headers = {"Authorization": f"Bearer {token}"}
        return {
            **_endpoint(each, f"{self._stack.issuer}{path}", did),
            **settings,
            "headers": headers,
        }


def manifest_without_services(suite: Suite, url: str) -> dict[str, Any]:
    """The same with every endpoint at a server that refuses everything."""
    kinds = {
        "issuers": suite.issuers,
        "vcHolders": suite.holders,
        "verifiers": suite.verifiers,
        "vpVerifiers": suite.presentation_verifiers,
    }
    found: dict[str, Any] = {"name": NAME, "implementation": NAME}
    for kind, endpoints in kinds.items():
        if endpoints:
            found[kind] = [_endpoint(each, url, "did:web:localhost") for each in endpoints]
    return found


def _endpoint(each: Endpoint, url: str, identifier: str) -> dict[str, Any]:
    settings: Mapping[str, Any] = {name: value for name, value in each.settings.items() if name != "status"}
    return {"id": identifier, "endpoint": url, "tags": list(each.tags), **settings}
