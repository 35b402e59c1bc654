"""Consents over HTTP."""

from services.backpack.consents import service
from services.backpack.consents.schemas import ConsentList, ConsentOut
from services.backpack.context import Current
from services.backpack.paths import RowId
from services.backpack.sessions.access import Holder
from shared.http.problems import NotFound, problems
from shared.http.routing import Router
from shared.web.csrf import ForgedForm

router = Router(prefix="/v1/consents", tags=["consents"])


@router.get("", summary="List consents")
async def list_consents(context: Current, signed: Holder) -> ConsentList:
    """Everything the learner agreed to, newest first, with the words she agreed to."""
    return ConsentList(items=await service.list_of(context, signed.learner_id))


@router.post("/{consent_id}/withdraw", summary="Withdraw a consent", responses=problems(NotFound, ForgedForm))
async def withdraw_consent(consent_id: RowId, context: Current, signed: Holder) -> ConsentOut:
    """Withdraw a consent; the share that stands on it is closed at once. Doing it twice changes nothing."""
    return await service.withdraw(context, signed.learner_id, consent_id)
