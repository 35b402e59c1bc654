"""VCALM's verifier endpoints over HTTP."""

from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi.responses import JSONResponse

from services.verifier.context import Current
from services.verifier.vc_api.examples import CREDENTIAL_EXAMPLE, PRESENTATION_EXAMPLE
from services.verifier.vc_api.refusals import refused
from services.verifier.vc_api.requests import UNREADABLE, VERIFIED
from services.verifier.vc_api.schemas import (
    CredentialIn,
    CredentialVerified,
    PresentationIn,
    PresentationOut,
)
from shared.http.access import Access, optional
from shared.http.body import MIB, body_limit
from shared.http.routing import Router

MAX_BYTES = 2 * MIB

router = Router(errors=refused, tags=["VC API"])
Anyone = Annotated[Access | None, Depends(optional("verifications:write"))]


@router.post(
    "/credentials/verify",
    summary="Verify a verifiable credential",
    response_class=JSONResponse,
    responses={
        200: {"model": CredentialVerified, "description": "It is verified."},
        400: {
            "model": CredentialVerified,
            "description": "It is not, or could not be read; `errors` say why.",
        },
    },
)
@body_limit(MAX_BYTES)
async def verify_credential(
    request: Request,
    service: Current,
    access: Anyone,
    given: Annotated[CredentialIn, CREDENTIAL_EXAMPLE],
) -> Response:
    """Any verifiable credential, badge or not (VCALM, Verify Credential). Needs no account.

    The proof, its key and whether that is the issuer's, structure, status and period of validity decide.
    """
    headers = {} if access else await service.check_limit(request)
    verdict, body = await service.vc_api.credential(given)
    return _answered(body, 200 if verdict == VERIFIED else 400, headers)


@router.post(
    "/presentations/verify",
    summary="Verify a verifiable presentation",
    response_class=JSONResponse,
    responses={
        200: {"model": PresentationOut, "description": "What was found: see `verified`."},
        400: {
            "model": PresentationOut,
            "description": "There was no presentation to verify; `errors` say why.",
        },
    },
)
@body_limit(MAX_BYTES)
async def verify_presentation(
    request: Request,
    service: Current,
    access: Anyone,
    given: Annotated[PresentationIn, PRESENTATION_EXAMPLE],
) -> Response:
    """A presentation and every credential in it (VCALM, Verify Presentation). Needs no account.

    With `challenge` and `domain` it has to have been made for them.
    """
    headers = {} if access else await service.check_limit(request)
    verdict, body = await service.vc_api.presentation(given)
    return _answered(body, 400 if verdict == UNREADABLE else 200, headers)


def _answered(body: bytes, status: int, headers: dict[str, str]) -> Response:
    return Response(body, status, {"Cache-Control": "no-store", **headers}, "application/json")
