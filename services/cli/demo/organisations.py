"""The story, part one: organisations, their people and programs, issuer profiles, recognition, achievements."""

import secrets
from itertools import chain

from services.cli.demo.stage import Stage, must

SCOPES = {
    "issuer": [
        "profiles:read", "profiles:write", "keys:write", "achievements:read", "achievements:write",
        "evidence:read", "evidence:write", "awards:read", "awards:write", "awards:revoke",
    ],
    "verifier": ["verifications:read", "verifications:write", "policies:read", "policies:write"],
    "directory": ["organisation:read", "recognitions:write"],
}  # fmt: skip


def _sign_up(stage: Stage, key: str, name: str, kind: str) -> str:
    """An organisation with an owner, a partner client, and a token for each service; leaves them as facts."""
    login = f"{key}-{secrets.token_hex(4)}"
    password = secrets.token_urlsafe(18)
    organisation = stage.json(
        "directory", "POST", "/v1/organisations", expect=201,
        json={"name": name, "kind": kind, "test": True, "owner": {"login": login, "password": password}},
    )  # fmt: skip
    session = stage.json(
        "directory", "POST", "/v1/sessions", expect=201, json={"login": login, "password": password}
    )
    client = stage.json(
        "directory", "POST", f"/v1/organisations/{organisation['id']}/clients", expect=201, token=session["token"],
        json={"name": f"{name}: partner platform", "scopes": sorted(chain.from_iterable(SCOPES.values()))},
    )  # fmt: skip
    stage.facts[key] = organisation
    stage.facts[f"{key} session"] = session["token"]
    for service, scopes in SCOPES.items():
        with stage.client("directory") as http:
            answer = http.post(
                "/oauth/token",
                auth=(client["client_id"], client["client_secret"]),
                data={
                    "grant_type": "client_credentials",
                    "scope": " ".join(scopes),
                    "resource": stage.urls[service],
                },
            )
        must(
            answer.status_code == 200,
            f"the token endpoint answered {answer.status_code}: {answer.text[:300]}",
        )
        stage.facts[f"{key} {service} token"] = answer.json()["access_token"]
    return organisation["name"]  # type: ignore[no-any-return]  # JSON


def organisation_signs_up(stage: Stage) -> str:
    """A school signs up, makes a partner client, and gets tokens for one service each."""
    return _sign_up(stage, "school", "Riverside College (demonstration)", "school")


def second_organisation(stage: Stage) -> str:
    """A second organisation stands beside it."""
    return _sign_up(stage, "guild", "Guild of Data Workers (demonstration)", "community")


def issuer_profile_opens(stage: Stage) -> str:
    """The school opens an issuer profile: a DID, its document, a signing key."""
    profile = stage.json(
        "issuer", "POST", "/v1/profiles", expect=201, token=stage.facts["school issuer token"],
        json={"profile": {"name": "Riverside College", "url": "https://riverside.example", "description": "By the river."}},
    )  # fmt: skip
    stage.facts["profile"] = profile
    document = stage.json("issuer", "GET", f"/issuers/{profile['id']}/did.json")
    must(
        document["id"] == profile["did"], f"the DID document is of {document['id']}, not of {profile['did']}"
    )
    must(
        profile["key"]["verification_method"] in document["assertionMethod"],
        "the key is not in the DID document",
    )
    return str(profile["did"])


def second_sees_nothing(stage: Stage) -> None:
    """The second organisation sees nothing of the first."""
    path = f"/v1/profiles/{stage.facts['profile']['id']}"
    stage.call("issuer", "GET", path, token=stage.facts["guild issuer token"], expect=404)
    listed = stage.json("issuer", "GET", "/v1/profiles", token=stage.facts["guild issuer token"])
    must(listed["items"] == [], f"it sees {len(listed['items'])} profiles")
    stage.call("issuer", "GET", path, expect=401)


def key_is_rotated(stage: Stage) -> str:
    """The signing key is rotated; the old one stays in the DID document."""
    profile = stage.facts["profile"]
    new = stage.json(
        "issuer",
        "POST",
        f"/v1/profiles/{profile['id']}/keys/rotate",
        expect=201,
        token=stage.facts["school issuer token"],
    )
    document = stage.json("issuer", "GET", f"/issuers/{profile['id']}/did.json")
    methods = set(document["assertionMethod"])
    must(new["verification_method"] != profile["key"]["verification_method"], "the key is the same as before")
    must(
        {new["verification_method"], profile["key"]["verification_method"]} <= methods,
        f"only {methods} are listed",
    )
    return f"{len(methods)} keys"


def directory_lists_it(stage: Stage) -> None:
    """The directory hears of the profile and lists it."""
    did = stage.facts["profile"]["did"]

    def listed() -> bool | None:
        with stage.client("directory") as http:
            return http.get(f"/v1/issuers/{did}").status_code == 200 or None

    stage.wait_for("the directory to list the issuer", listed)


def recognition_is_given(stage: Stage) -> str:
    """The second organisation vouches for the issuer, publicly and with its reason."""
    statement = stage.json(
        "directory", "POST", "/v1/recognitions", expect=201, token=stage.facts["guild directory token"],
        json={"issuer": stage.facts["profile"]["did"], "reason": "We visited and watched an assessment."},
    )  # fmt: skip
    stage.facts["recognition"] = statement
    public = stage.json(
        "directory", "GET", "/v1/recognitions", params={"issuer": stage.facts["profile"]["did"]}
    )
    must(statement["id"] in {item["id"] for item in public["items"]}, "the statement is not listed")
    stage.call(
        "directory", "POST", f"/v1/recognitions/{statement['id']}/withdraw", json={},
        token=stage.facts["school directory token"], expect=(403, 404),
    )  # fmt: skip
    return "and nobody else can withdraw it"


_ACHIEVEMENT = {
    "name": "Data Analysis I",
    "description": "Reads, cleans and explains a data set.",
    "achievementType": "Competency",
    "criteria": {"narrative": "Bring a **data set** of your own and explain what it says."},
    "tag": ["data", "statistics"],
    "alignment": [
        {
            "type": ["Alignment"],
            "targetName": "Data literacy",
            "targetUrl": "https://frameworks.example/data-literacy",
            "targetType": "ceasn:Competency",
        }
    ],
    "resultDescription": [
        {
            "id": "#analysis",
            "type": ["ResultDescription"],
            "name": "Analysis",
            "resultType": "RubricCriterionLevel",
            "rubricCriterionLevel": [
                {"id": "#meets", "type": ["RubricCriterionLevel"], "name": "Meets", "level": "2"},
                {"id": "#exceeds", "type": ["RubricCriterionLevel"], "name": "Exceeds", "level": "3"},
            ],
        }
    ],
}


def achievement_is_published(stage: Stage) -> str:
    """An achievement is drafted with criteria, alignment and a rubric, and published."""
    token = stage.facts["school issuer token"]
    draft = stage.json(
        "issuer", "POST", "/v1/achievements", expect=201, token=token,
        json={"profile": stage.facts["profile"]["id"], "achievement": _ACHIEVEMENT, "suspendable": True},
    )  # fmt: skip
    must(draft["state"] == "draft", f"it is {draft['state']}")
    published = stage.json("issuer", "POST", f"/v1/achievements/{draft['id']}/publish", token=token)
    must(published["state"] == "published", f"it is {published['state']}")
    stage.facts["achievement"] = published
    address = published["versions"][0]["id"].removeprefix(stage.urls["issuer"])
    public = stage.json("issuer", "GET", address, headers={"Accept": "application/ld+json"})
    must(public["name"] == _ACHIEVEMENT["name"], "the public document has another name")
    page = stage.call("issuer", "GET", address, headers={"Accept": "text/html"}).text
    must("data set" in page, "the page does not show the criteria")
    return str(published["versions"][0]["id"])
