"""Policies of organisations: kept, changed under If-Match, named by items, seen by nobody else."""

from tests.integration.verifier.conftest import ORGANISATION, OTHER, Running
from tests.integration.verifier.world import Issuer

SCOPES = ("policies:read", "policies:write", "verifications:write", "verifications:read")


def test_the_life_of_a_policy(verifier_on_both: Running, issuer: Issuer):
    with verifier_on_both.client(ORGANISATION, *SCOPES) as client:
        made = client.post(
            "/v1/policies",
            json={"name": "our-schools", "description": "Only ours.", "allowed_issuers": [issuer.did]},
        )
        assert made.status_code == 201, made.text
        policy, tag = made.json(), made.headers["etag"]
        where = f"/v1/policies/{policy['id']}"
        assert made.headers["location"] == where
        assert (policy["version"], policy["built_in"], policy["created_by"]) == (1, False, "client:tests")
        assert client.get(where).json() == policy

        item = {"credential": issuer.badge(), "policy": "our-schools"}
        report = client.post("/v1/verifications", json=item).json()
        assert (report["verdict"], report["policy"]["name"]) == ("accepted", "our-schools")

        changed = {"name": "our-schools", "allowed_issuers": ["did:example:other"]}
        assert client.put(where, json=changed).status_code == 428
        assert client.put(where, json=changed, headers={"If-Match": '"v9"'}).status_code == 412
        put = client.put(where, json=changed, headers={"If-Match": tag})
        assert (put.status_code, put.json()["version"], put.headers["etag"]) == (200, 2, '"v2"')
        assert put.json()["description"] is None
        assert client.post("/v1/verifications", json=item).json()["verdict"] == "rejected"

        assert client.delete(where).status_code == 428
        assert client.delete(where, headers={"If-Match": tag}).status_code == 412
        assert client.delete(where, headers={"If-Match": '"v2"'}).status_code == 204
        assert client.get(where).status_code == 404
        assert client.post("/v1/verifications", json=item).json()["code"] == "policy-unknown"


def test_names_are_taken_once(verifier_on_both: Running):
    with verifier_on_both.client(ORGANISATION, *SCOPES) as client:
        assert client.post("/v1/policies", json={"name": "ours"}).status_code == 201
        for name in ("ours", "default", "strict", "inline"):
            answer = client.post("/v1/policies", json={"name": name})
            assert (answer.status_code, answer.json()["code"]) == (409, "policy-name-taken")
        other = client.post("/v1/policies", json={"name": "others"}).json()
        answer = client.put(
            f"/v1/policies/{other['id']}", json={"name": "ours"}, headers={"If-Match": '"v1"'}
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "policy-name-taken")


def test_a_repeated_request_makes_one_policy(verifier_on_both: Running):
    key = {"Idempotency-Key": "one-and-the-same"}
    with verifier_on_both.client(ORGANISATION, *SCOPES) as client:
        first = client.post("/v1/policies", json={"name": "ours"}, headers=key)
        again = client.post("/v1/policies", json={"name": "ours"}, headers=key)
        assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
        assert again.headers["idempotent-replayed"] == "true"
        assert (
            client.post("/v1/policies", json={"name": "x"}, headers=key).json()["code"]
            == "idempotency-key-reused"
        )


def test_a_list_in_pages(verifier_on_both: Running):
    with verifier_on_both.client(ORGANISATION, *SCOPES) as client:
        for name in ("c", "a", "b"):
            client.post("/v1/policies", json={"name": name})
        first = client.get("/v1/policies", params={"limit": 2}).json()
        assert [each["name"] for each in first["items"]] == ["default", "strict", "a", "b"]
        assert first["items"][0]["built_in"]
        second = client.get("/v1/policies", params={"limit": 2, "cursor": first["next"]}).json()
        assert [each["name"] for each in second["items"]] == ["c"]
        assert second["next"] is None


def test_no_organisation_sees_another_s(verifier_on_both: Running, issuer: Issuer):
    with verifier_on_both.client(ORGANISATION, *SCOPES) as client:
        policy = client.post("/v1/policies", json={"name": "ours"}).json()
    where = f"/v1/policies/{policy['id']}"
    with verifier_on_both.client(OTHER, *SCOPES) as client:
        assert [each["name"] for each in client.get("/v1/policies").json()["items"]] == ["default", "strict"]
        assert client.get(where).status_code == 404
        assert client.put(where, json={"name": "theirs"}, headers={"If-Match": "*"}).status_code == 404
        assert client.delete(where, headers={"If-Match": "*"}).status_code == 404
        item = {"credential": issuer.badge(), "policy": "ours"}
        assert client.post("/v1/verifications", json=item).json()["code"] == "policy-unknown"
        assert client.post("/v1/policies", json={"name": "ours"}).status_code == 201
    answer = verifier_on_both.client()
    with answer as anonymous:
        assert anonymous.post("/v1/verifications", json=item).json()["code"] == "policy-unknown"


def test_scopes(verifier: Running):
    with verifier.client(ORGANISATION, "policies:read") as client:
        assert client.get("/v1/policies").status_code == 200
        assert client.post("/v1/policies", json={"name": "ours"}).status_code == 403
    with verifier.client(ORGANISATION, "verifications:write") as client:
        assert client.get("/v1/policies").status_code == 403
    with verifier.client() as client:
        assert client.get("/v1/policies").status_code == 401


def test_bad_policies_are_refused_by_member(verifier: Running):
    bad = {
        "name": "Not A Name",
        "require_recognition": "yes",
        "allowed_issuers": [""],
        "max_status_age_seconds": -1,
        "colour": "red",
    }
    with verifier.client(ORGANISATION, *SCOPES) as client:
        answer = client.post("/v1/policies", json=bad)
    assert answer.status_code == 422
    pointers = {each["pointer"] for each in answer.json()["errors"]}
    assert {"/name", "/allowed_issuers/0", "/max_status_age_seconds", "/colour"} <= pointers
