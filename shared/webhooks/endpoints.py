"""`/v1/webhooks`: the same at every service."""

from datetime import datetime
from typing import Annotated, Any, TypeVar, cast

from fastapi import Body, Depends, Query, Request, Response

from shared.clock import to_rfc3339
from shared.http.access import Access, Required
from shared.http.etag import IfMatch, etag
from shared.http.paging import PageQuery, page
from shared.http.problems import (
    Conflict,
    InvalidCursor,
    InvalidRequest,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    problems,
)
from shared.http.routing import Router
from shared.http.schemas import Id, Page
from shared.webhooks.errors import ReplayUnderWay, TooManyWebhooks
from shared.webhooks.schemas import (
    DeliveryOut,
    DeliveryState,
    SecretRotation,
    Stretch,
    WebhookChange,
    WebhookIn,
    WebhookOut,
    WebhookWithSecret,
)
from shared.webhooks.service import Webhooks

Shown = TypeVar("Shown", WebhookOut, WebhookWithSecret)


def webhooks_router(*, read: Required, write: Required) -> Router:
    """The router. Uses `service.webhooks` (a Webhooks, there once the service has started).

    `read` and `write` are what `require(…)` made. Whoever may write decides where events go, so `write` asks for the
    right to read events too.
    """
    router = Router(prefix="/v1/webhooks", tags=["webhooks"])
    Reader = Annotated[Access, Depends(read)]  # noqa: N806  (types)
    Writer = Annotated[Access, Depends(write)]  # noqa: N806  (a type, made per router)

    @router.get("", summary="List webhooks, oldest first", responses=problems(InvalidCursor))
    async def list_webhooks(
        request: Request, response: Response, who: Reader, asked: PageQuery
    ) -> Page[WebhookOut]:
        """Those of the caller's organisation, without their secrets."""
        after = _moment_and_id(asked.after(str, str))
        found = await _of(request).browse(who, after=after, limit=asked.limit + 1)
        shown = found[: asked.limit]
        end = (to_rfc3339(shown[-1].created_at), shown[-1].id) if len(found) > asked.limit else None
        return page(request, response, asked, shown, end=end)

    @router.post(
        "",
        status_code=201,
        summary="Have events sent somewhere",
        responses=problems(InvalidRequest, TooManyWebhooks),
    )
    async def create_webhook(
        request: Request, response: Response, who: Writer, given: WebhookIn
    ) -> WebhookWithSecret:
        """Each event of the organisation is sent by POST, signed as Standard Webhooks says, until the receiver answers 2xx: ten
        tries in three days. Of one subject in order; an event may come twice, with the same `webhook-id`.
        """
        made, version = await _of(request).create(who, given)
        response.headers["Location"] = f"/v1/webhooks/{made.id}"
        return _tagged(response, made, version)

    @router.get("/{webhook}", summary="Read a webhook", responses=problems(NotFound))
    async def read_webhook(request: Request, response: Response, who: Reader, webhook: Id) -> WebhookOut:
        """With its `ETag`, which a change needs."""
        found, version = await _of(request).read(who, webhook)
        return _tagged(response, found, version)

    @router.patch(
        "/{webhook}",
        summary="Change, pause or resume a webhook",
        responses=problems(NotFound, PreconditionFailed, PreconditionRequired),
    )
    async def change_webhook(
        request: Request, response: Response, who: Writer, webhook: Id, seen: IfMatch, given: WebhookChange
    ) -> WebhookOut:
        """Only what is given is changed; what arrives while it is paused is kept and sent when it is resumed."""
        found, version = await _of(request).change(who, webhook, given, seen)
        return _tagged(response, found, version)

    @router.delete(
        "/{webhook}",
        status_code=204,
        summary="Remove a webhook and its log",
        responses=problems(NotFound, PreconditionFailed, PreconditionRequired),
    )
    async def delete_webhook(request: Request, who: Writer, webhook: Id, seen: IfMatch) -> None:
        """Nothing more is sent; a delivery under way may still arrive."""
        await _of(request).remove(who, webhook, seen)

    @router.post("/{webhook}/secret/rotate", summary="Replace the secret", responses=problems(NotFound))
    async def rotate_webhook_secret(
        request: Request,
        response: Response,
        who: Writer,
        webhook: Id,
        given: Annotated[SecretRotation | None, Body()] = None,
    ) -> WebhookWithSecret:
        """The new secret is shown once. Both sign for `overlap_seconds` (a day if not said)."""
        made, version = await _of(request).rotate(who, webhook, given or SecretRotation())
        return _tagged(response, made, version)

    @router.post(
        "/{webhook}/ping",
        status_code=202,
        summary="Send a test event",
        responses=problems(NotFound, Conflict),
    )
    async def ping_webhook(request: Request, who: Writer, webhook: Id) -> DeliveryOut:
        """`org.confer.webhook.ping.v1`, once, also while the webhook is paused. The log says how it went."""
        return await _of(request).ping(who, webhook)

    @router.post(
        "/{webhook}/replay",
        status_code=202,
        summary="Send a stretch of time again",
        responses=problems(NotFound, ReplayUnderWay),
    )
    async def replay_webhook(
        request: Request, response: Response, who: Writer, webhook: Id, given: Stretch
    ) -> WebhookOut:
        """What happened in it, as it is now: what was erased meanwhile comes as erased. `replaying` says until when."""
        found, version = await _of(request).replay(who, webhook, given)
        return _tagged(response, found, version)

    @router.get(
        "/{webhook}/deliveries",
        summary="The log of deliveries, newest first",
        responses=problems(NotFound, InvalidCursor),
    )
    async def list_webhook_deliveries(
        request: Request,
        response: Response,
        who: Reader,
        webhook: Id,
        asked: PageQuery,
        state: Annotated[DeliveryState | None, Query(description="Only those in this state.")] = None,
    ) -> Page[DeliveryOut]:
        """Finished ones are kept for thirty days."""
        position = asked.after(int)
        found = await _of(request).deliveries(
            who, webhook, state=state, before=position[0] if position else None, limit=asked.limit + 1
        )
        shown = found[: asked.limit]
        end = (shown[-1][0],) if len(found) > asked.limit else None
        return page(request, response, asked, [each for _, each in shown], end=end)

    @router.get("/{webhook}/deliveries/{delivery}", summary="One delivery", responses=problems(NotFound))
    async def read_webhook_delivery(request: Request, who: Reader, webhook: Id, delivery: Id) -> DeliveryOut:
        """With its last ten tries."""
        return await _of(request).delivery(who, webhook, delivery)

    @router.post(
        "/{webhook}/deliveries/{delivery}/replay",
        status_code=202,
        summary="Send one event again",
        responses=problems(NotFound, Conflict),
    )
    async def replay_webhook_delivery(
        request: Request, who: Writer, webhook: Id, delivery: Id
    ) -> DeliveryOut:
        """In a delivery of its own, under the same `webhook-id`."""
        return await _of(request).replay_one(who, webhook, delivery)

    return router


def _of(request: Request) -> Webhooks:
    return cast("Webhooks", request.app.state.service.webhooks)


def _tagged(response: Response, shown: Shown, version: int) -> Shown:
    response.headers["ETag"] = etag(version)
    return shown


def _moment_and_id(position: tuple[Any, ...] | None) -> tuple[datetime, str] | None:
    """Cursors are not signed: what stands where a time belongs is checked."""
    if position is None:
        return None
    try:
        moment = datetime.fromisoformat(position[0])
    except ValueError as error:
        raise InvalidCursor("Leave `cursor` out to start from the first page.") from error
    if moment.tzinfo is None:
        raise InvalidCursor("Leave `cursor` out to start from the first page.")
    return moment, position[1]
