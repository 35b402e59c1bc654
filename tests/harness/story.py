"""People and things for tests on the running platform: two organisations, two learners, one thing of every kind."""

import json
import re
import secrets
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

from shared.http.client import Response, open_client

Json = dict[str, Any]
Found = TypeVar("Found")
ELSEWHERE = "did:web:badges.elsewhere.example"
"""An issuer on another platform."""


class Running(Protocol):
    """Where the four services answer, and where their mail lies as files."""

    @property
    def issuer(self) -> str: ...
    @property
    def backpack(self) -> str: ...
    @property
    def verifier(self) -> str: ...
    @property
    def directory(self) -> str: ...
    @property
    def data_dir(self) -> Path: ...


class Story:
    """Side `a` owns one thing of every kind; side `b` stands beside it. Everything is made over HTTP, when first asked for."""

    def __init__(self, running: Running) -> None:
        self._urls = {
            name: str(getattr(running, name)) for name in ("issuer", "backpack", "verifier", "directory")
        }
        self._data_dir = running.data_dir
        self._tokens: dict[str, str] = {}

    # --- asking --------------------------------------------------------------------------------------------------
    def ask(self, service: str, method: str, path: str, token: str | None = None, **request: Any) -> Response:
        """One request that must succeed."""
        with open_client(self._urls[service], token=token) as client:
            answer = client.request(method, path, **request)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer

    def json(self, service: str, method: str, path: str, token: str | None = None, **request: Any) -> Json:
        found: Json = self.ask(service, method, path, token, **request).json()
        return found

    # --- organisations -------------------------------------------------------------------------------------------
    @cached_property
    def organisations(self) -> dict[str, Json]:
        made = {}
        for side in ("a", "b"):
            owner = {"login": f"owner-{side}-{secrets.token_hex(4)}", "password": secrets.token_urlsafe(16)}
            body = {"name": f"Organisation {side}", "kind": "school", "owner": owner}
            organisation = self.json("directory", "POST", "/v1/organisations", json=body)
            session = self.json("directory", "POST", "/v1/sessions", json=owner)
            made[side] = {**organisation, "session": session["token"]}
        return made

    def client(self, side: str, name: str, scopes: list[str]) -> Json:
        """A partner client of that organisation, with its secret."""
        organisation = self.organisations[side]
        return self.json(
            "directory", "POST", f"/v1/organisations/{organisation['id']}/clients", organisation["session"],
            json={"name": name, "scopes": scopes},
        )  # fmt: skip

    def token(self, client: Json, service: str, scopes: list[str]) -> str:
        """An access token of the client for one service."""
        form = {
            "grant_type": "client_credentials",
            "scope": " ".join(scopes),
            "resource": self.resource(service),
        }
        credentials = (client["client_id"], client["client_secret"])
        return str(
            self.json("directory", "POST", "/oauth/token", auth=credentials, data=form)["access_token"]
        )

    def resource(self, service: str) -> str:
        """What a token for that service is asked for: its public URL."""
        return self._urls[service]

    def owner_token(self, service: str) -> str:
        """A's token with every scope of that service."""
        from services.directory.scopes import SCOPES

        if service not in self._tokens:
            scopes = sorted(SCOPES[service])  # type: ignore[index]  # a service's name
            self._tokens[service] = self.token(self.client("a", f"all of {service}", scopes), service, scopes)
        return self._tokens[service]

    # --- things --------------------------------------------------------------------------------------------------
    def resources(self, canary: str) -> dict[str, dict[str, str]]:
        """One of everything that A owns, as path parameters by service. `canary` stands in every text of it."""
        self._canary = canary
        self._ids = {
            "issuer": self._issuer_things(canary),
            "verifier": self._verifier_things(canary),
            "directory": {},
            "backpack": {},
        }
        self._ids["directory"] = self._directory_things(canary)
        self._ids["backpack"] = self._learner_things(canary)
        for service, ids in self._ids.items():
            ids.update(self._webhook(service, canary))
        return self._ids

    def _webhook(self, service: str, canary: str) -> dict[str, str]:
        """A webhook of A's that was tried out once and rests: its log does not change by itself."""
        token = self.owner_token(service)
        nobody = f"http://127.0.0.1:1024/{quote(canary)}"
        made = self.json(service, "POST", "/v1/webhooks", token, json={"url": nobody, "description": canary})
        path = f"/v1/webhooks/{made['id']}"
        self.json(service, "PATCH", path, token, json={"state": "paused"}, headers={"If-Match": "*"})
        ping = self.json(service, "POST", f"{path}/ping", token)
        place = f"{path}/deliveries/{ping['id']}"
        self.until(lambda: self.json(service, "GET", place, token)["finished_at"])
        return {"webhook": made["id"], "delivery": ping["id"]}

    def _issuer_things(self, canary: str) -> dict[str, str]:
        token = self.owner_token("issuer")

        def post(path: str, **request: Any) -> Json:
            return self.json("issuer", "POST", path, token, **request)

        profile = post("/v1/profiles", json={"profile": {"name": canary}})
        achievement = {"name": canary, "description": canary, "criteria": {"narrative": canary}}
        draft = post(
            "/v1/achievements",
            json={"profile": profile["id"], "achievement": achievement, "suspendable": True},
        )
        post(f"/v1/achievements/{draft['id']}/publish")
        evidence = post(
            "/v1/evidence", files={"file": ("a.txt", canary.encode(), "text/plain")}, data={"name": canary}
        )
        self._learner_address = f"l{secrets.token_hex(6)}@learner.example"
        award = post(
            "/v1/awards",
            json={
                "achievement": draft["id"],
                "recipient": {"type": "emailAddress", "identity": self._learner_address, "name": canary},
                "evidence": [{"evidence": evidence["id"]}],
                "external_id": canary,
            },
        )
        job = post(
            "/v1/awards/bulk",
            params={"achievement": draft["id"]},
            json=[
                {"recipient": {"type": "emailAddress", "identity": "not an address"}, "external_id": canary}
            ],
        )
        self._wait("issuer", job["id"], token)
        keys = self.json("issuer", "GET", f"/v1/profiles/{profile['id']}/keys", token)["items"]
        self._did = profile["did"]
        instance = post(
            "/v1/vc-api/instances",
            json={"securing": "eddsa-rdfc-2022", "status": [{"purpose": "revocation"}]},
        )
        credential_id = f"urn:uuid:{secrets.token_hex(16)}"
        post("/credentials/issue", json={"credential": self.credential(instance["did"], id=credential_id)})
        selective = post("/v1/vc-api/instances", json={"securing": "ecdsa-sd-2023"})
        self.base_credential = post(
            "/credentials/issue", json={"credential": self.credential(selective["did"])}
        )["verifiableCredential"]
        return {
            "instance_id": instance["id"], "instance_did": instance["did"], "credential_id": credential_id,
            "profile_id": profile["id"], "achievement_id": draft["id"], "evidence_id": evidence["id"],
            "award_id": award["id"], "job": job["id"], "key_id": keys[0]["id"],
        }  # fmt: skip

    def credential(self, issuer: str, **more: str) -> Json:
        """Something that is no badge, for the VC-API to sign."""
        return {
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "type": ["VerifiableCredential"],
            "issuer": issuer,
            "credentialSubject": {"name": self._canary},
            **more,
        }

    def _verifier_things(self, canary: str) -> dict[str, str]:
        token = self.owner_token("verifier")
        name = f"policy-{secrets.token_hex(4)}"
        policy = self.json(
            "verifier", "POST", "/v1/policies", token, json={"name": name, "description": canary}
        )
        job = self.json(
            "verifier", "POST", "/v1/verifications/batch", token, headers={"Prefer": "respond-async"},
            json={"items": [{"credential": {"name": canary}, "external_id": canary}], "external_id": canary},
        )  # fmt: skip
        self._wait("verifier", job["id"], token)
        return {"policy": policy["id"], "policy_name": name, "job": job["id"]}

    def _directory_things(self, canary: str) -> dict[str, str]:
        a = self.organisations["a"]
        path = f"/v1/organisations/{a['id']}"
        member = self.json(
            "directory", "POST", f"{path}/members", a["session"],
            json={"login": f"login-{secrets.token_hex(6)}", "name": canary, "roles": ["reviewer"]},
        )  # fmt: skip
        client = self.client("a", canary, ["awards:read"])
        self._wait_for_issuer()
        recognition = self.json(
            "directory", "POST", "/v1/recognitions", self.owner_token("directory"),
            json={"issuer": ELSEWHERE, "reason": "A reason that is public"},
        )  # fmt: skip
        return {
            "organisation_id": a["id"], "member_id": member["id"], "client_id": client["client_id"],
            "recognition_id": recognition["id"],
        }  # fmt: skip

    # --- learners ------------------------------------------------------------------------------------------------
    def learner_token(self, side: str) -> str:
        """The session of learner `a` (whose address the award names) or of learner `b`."""
        key = f"learner {side}"
        if key not in self._tokens:
            body = {
                "login": f"learner-{side}-{secrets.token_hex(4)}",
                "password": secrets.token_urlsafe(16),
                "email": self._learner_address if side == "a" else f"b{secrets.token_hex(6)}@learner.example",
            }
            self._tokens[key] = self.json("backpack", "POST", "/v1/learners", json=body)["token"]
            if side == "a":
                self._confirm(self._learner_address)
        return self._tokens[key]

    def _learner_things(self, canary: str) -> dict[str, str]:
        token = self.learner_token("a")
        held = self.until(lambda: self.json("backpack", "GET", "/v1/credentials", token)["items"])[0]
        self.ask("backpack", "POST", f"/v1/credentials/{held['id']}/accept", token)
        share = self.json(
            "backpack", "POST", "/v1/shares", token, json={"credentials": [held["id"]], "title": canary}
        )
        session = self.json("backpack", "GET", "/v1/sessions", token)["items"][0]
        identifier = self.json("backpack", "GET", "/v1/learners/me/identifiers", token)["items"][0]
        return {
            "credential_row": held["id"], "share_id": share["id"], "consent_id": share["consent"],
            "session_id": session["id"], "identifier_id": identifier["id"], "action": "decline",
        }  # fmt: skip

    def _confirm(self, address: str) -> None:
        token = self.until(lambda: self.mailed(address, r"token=([\w-]+)"))
        self.json("backpack", "POST", "/v1/identifiers/confirm", json={"token": token})

    def mailed(self, address: str, pattern: str) -> str | None:
        """What the pattern's group finds in a mail to this address."""
        for path in (self._data_dir / "mail").glob("*.eml"):
            text = path.read_text(encoding="utf-8").replace("=\n", "").replace("=3D", "=")
            found = re.search(pattern, text)
            if address in text and found:
                return found[1]
        return None

    # --- what there is -------------------------------------------------------------------------------------------
    def snapshot(self) -> str:
        """Everything that organisation A can see of itself, as text that is equal if nothing changed."""
        issuer, verifier, directory = (self._ids[name] for name in ("issuer", "verifier", "directory"))
        organisation = f"/v1/organisations/{directory['organisation_id']}"
        wanted = [
            ("issuer", "/v1/profiles"), ("issuer", f"/v1/profiles/{issuer['profile_id']}/keys"),
            ("issuer", "/v1/achievements"), ("issuer", "/v1/evidence"), ("issuer", "/v1/awards"), ("issuer", "/v1/jobs"),
            ("issuer", f"/v1/jobs/{issuer['job']}/rows"), ("issuer", f"/v1/awards/{issuer['award_id']}"),
            ("verifier", "/v1/policies"), ("verifier", "/v1/jobs"), ("verifier", f"/v1/jobs/{verifier['job']}/rows"),
            ("directory", organisation), ("directory", f"{organisation}/members"),
            ("directory", f"{organisation}/clients"), ("directory", f"/v1/recognitions/{directory['recognition_id']}"),
            *((service, "/v1/webhooks") for service in self._ids),
            *((service, f"/v1/webhooks/{ids['webhook']}/deliveries") for service, ids in self._ids.items()),
        ]  # fmt: skip
        return json.dumps(
            {name + path: self.json(name, "GET", path, self.owner_token(name)) for name, path in wanted},
            sort_keys=True,
        )

    def learner_snapshot(self) -> str:
        """Everything that learner A can see of herself."""
        token = self.learner_token("a")
        paths = (
            "/v1/credentials",
            "/v1/shares",
            "/v1/consents",
            "/v1/learners/me/identifiers",
            "/v1/learners/me",
        )
        return json.dumps({path: self.json("backpack", "GET", path, token) for path in paths}, sort_keys=True)

    def must_fail_every_row(self, service: str, job: str, token: str) -> None:
        """A job that was allowed to begin, because its rows name what they concern, does nothing to another's things."""
        done = self._wait(service, job, token)
        assert done["succeeded"] == 0 or service == "verifier", done

    def _wait(self, service: str, job: str, token: str) -> Json:
        def finished() -> Json:
            found = self.json(service, "GET", f"/v1/jobs/{job}", token)
            return found if found["state"] == "completed" else {}

        return self.until(finished)

    def _wait_for_issuer(self) -> None:
        def listed() -> bool | None:
            with open_client(self._urls["directory"]) as client:
                return client.get(f"/v1/issuers/{self._did}").is_success or None

        self.until(listed)

    @staticmethod
    def until(look: Callable[[], Found], seconds: float = 30) -> Found:
        """What `look` finds, once it finds something; another process cannot wake this one."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError(f"waited {seconds} s in vain")
