"""Where every service serves the event contracts: an event's `dataschema` leads here."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from shared import contracts
from shared.http.access import public
from shared.http.problems import NotFound
from shared.http.routing import Router

_FOR_A_DAY = {"Cache-Control": "public, max-age=86400"}


def router() -> APIRouter:
    """`/contracts` lists the event contracts, `/contracts/{name}.json` is one of them, a JSON Schema."""
    routes = Router(include_in_schema=False, dependencies=[public])

    @routes.get("/contracts")
    async def list_contracts() -> JSONResponse:
        return JSONResponse(
            {"contracts": [f"/contracts/{name}.json" for name in contracts.names()]}, headers=_FOR_A_DAY
        )

    @routes.get("/contracts/{name}.json")
    async def get_contract(name: str) -> JSONResponse:
        if name not in contracts.names():
            raise NotFound("There is no such event contract; /contracts lists them.")
        return JSONResponse(contracts.schema(name), headers=_FOR_A_DAY, media_type="application/schema+json")

    return routes
