"""A small service for tests of what every service shares."""

from types import SimpleNamespace
from typing import Annotated, Any

import httpx
from fastapi import Depends, Form, Request, Response

from shared.db import DatabaseUnavailable
from shared.http.access import Access, optional, public, require
from shared.http.application import create_application
from shared.http.body import MIB, body_limit
from shared.http.etag import IfMatch, etag
from shared.http.paging import PageQuery, page
from shared.http.problems import Conflict, NotFound, Problem, problems
from shared.http.routing import Router
from shared.http.schemas import ExternalId, Id, Metadata, Moment, Page, Schema

MEMBER = Access("organisation-a", "member:alice", frozenset({"things:read", "things:write"}))
READER = Access("organisation-a", "member:rita", frozenset({"things:read"}))


Writer = Annotated[Access, Depends(require("things:write"))]


class ThingIn(Schema):
    name: Annotated[str, "a name"]
    at: Moment | None = None
    external_id: ExternalId | None = None
    metadata: Metadata | None = None


class ThingOut(Schema):
    id: Id
    name: str
    at: Moment | None = None


class Authenticator:
    async def authenticate(self, request: Request) -> Access | None:
        return {"alice": MEMBER, "rita": READER}.get(request.headers.get("x-who", ""))


def in_oauth_shape(_: Request, problem: Problem) -> Response:
    from fastapi.responses import JSONResponse

    return JSONResponse(
        {"error": "invalid_request", "error_description": problem.detail}, problem.status_code
    )


def routers() -> list[Router]:
    things = Router(prefix="/v1/things", tags=["things"])

    @things.post("", status_code=201, summary="Make a thing", responses=problems(Conflict))
    async def create_thing(body: ThingIn, who: Writer, response: Response) -> ThingOut:
        if body.name == "taken":
            raise Conflict("There is one already.", existing="x")
        response.headers["ETag"] = etag(1)
        return ThingOut(id="0" * 32, name=body.name, at=body.at)

    @things.get("", dependencies=[public])
    async def list_things(
        request: Request, response: Response, asked: PageQuery, colour: str = ""
    ) -> Page[int]:
        after = asked.after(int)
        first = after[0] + 1 if after else 0
        items = list(range(first, min(first + asked.limit, 120)))
        return page(request, response, asked, items, end=(items[-1],) if items and items[-1] < 119 else None)

    @things.get("/{thing}", responses=problems(NotFound))
    async def read_thing(
        thing: Id, who: Annotated[Access | None, Depends(optional("things:read"))]
    ) -> dict[str, Any]:
        return {"thing": thing, "actor": who.actor if who else None}

    @things.put("/{thing}")
    async def change_thing(thing: Id, body: ThingIn, seen: IfMatch, who: Writer) -> dict[str, int]:
        seen.check(3)
        return {"version": 4}

    @things.post("/large", dependencies=[public])
    @body_limit(3 * MIB)
    async def large_thing(body: dict[str, Any]) -> int:
        return len(body)

    @things.post("/form", dependencies=[public])
    async def form_thing(name: Annotated[str, Form(max_length=5)]) -> str:
        return name

    faults = Router(prefix="/v1/faults", dependencies=[public])

    @faults.get("/bug")
    async def fault_bug() -> None:
        raise KeyError("password=secret@example.org")

    @faults.get("/database")
    async def fault_database() -> None:
        raise DatabaseUnavailable("postgres://user:secret@host is gone")

    @faults.get("/connection")
    async def fault_connection() -> None:
        raise ConnectionRefusedError(111, "refused by 10.0.0.1")

    @faults.get("/file")
    async def fault_file() -> None:
        raise FileNotFoundError(2, "no such file", "/etc/confer/secret")

    token = Router(prefix="/oauth", errors=in_oauth_shape, dependencies=[public])

    @token.post("/token")
    async def token_endpoint(grant_type: Annotated[str, Form()]) -> dict[str, str]:
        if grant_type == "bug":
            raise KeyError("x")
        raise NotFound("There is no such grant.")

    return [things, faults, token]


async def working() -> None:
    return None


async def failing() -> None:
    raise DatabaseUnavailable("secret host")


def service(**settings: str) -> SimpleNamespace:
    urls = {"public_url": "https://things.example.org", "directory_url": "https://directory.example.org"}
    return SimpleNamespace(
        name="issuer",
        settings=SimpleNamespace(**urls | settings),
        authenticator=Authenticator(),
        dependencies=lambda: (SimpleNamespace(name="database", check=working),),
    )


def client(host: SimpleNamespace | None = None, **headers: str) -> httpx.AsyncClient:
    app = create_application(host or service(), title="Things", description="For tests.", routers=routers())
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="https://things.example.org", headers=headers)
