"""What happens to policies, each in one transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.exc import IntegrityError

from services.verifier.errors import PolicyNameTaken, PolicyRulesRefused, PolicyUnknown
from services.verifier.policies import store
from services.verifier.policies.schemas import PolicyIn, PolicyOut, PolicyRules
from services.verifier.policies.store import PolicyRow
from services.verifier.tables import IDEMPOTENCY
from shared.clock import Clock
from shared.db import Database, new_id
from shared.http.access import Access
from shared.http.etag import Precondition, etag
from shared.http.idempotency import IdempotentRequest, StoredResponse, once
from shared.http.problems import FieldError, NotFound
from shared.vc.policy import BUILT_IN, Policy, PolicyRefused, policy_from_json

INLINE = "inline"


class Policies:
    """The built-in policies and those of organisations."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def create(self, access: Access, given: PolicyIn, asked: IdempotentRequest) -> StoredResponse:
        """The answer with the new policy, once per Idempotency-Key. Raises PolicyNameTaken."""
        _refuse_built_in(given.name)
        try:
            async with self._db.write() as session:

                async def add() -> StoredResponse:
                    row = self._new(access, given)
                    await store.add(session, row)
                    body = shown(row).model_dump_json()
                    return StoredResponse(
                        201, body, location=f"/v1/policies/{row.id}", etag=etag(row.version)
                    )

                return await once(
                    session,
                    table=IDEMPOTENCY,
                    organisation=access.organisation,
                    asked=asked,
                    clock=self._clock,
                    act=add,
                )
        except IntegrityError as error:
            raise _taken(given.name) from error

    def _new(self, access: Access, given: PolicyIn) -> PolicyRow:
        now = self._clock()
        return PolicyRow(
            id=new_id(),
            organisation=access.organisation,
            name=given.name,
            description=given.description,
            rules=_rules(given),
            version=1,
            created_at=now,
            created_by=access.actor,
            changed_at=now,
            changed_by=access.actor,
        )

    async def replace(
        self, access: Access, policy: str, given: PolicyIn, precondition: Precondition
    ) -> PolicyOut:
        """Raises NotFound, PreconditionFailed, PolicyNameTaken."""
        _refuse_built_in(given.name)
        try:
            async with self._db.write() as session:
                row = _found(await store.by_id(session, access.organisation, policy, lock=True))
                precondition.check(row.version)
                row.name, row.description, row.rules = given.name, given.description, _rules(given)
                row.version += 1
                row.changed_at, row.changed_by = self._clock(), access.actor
        except IntegrityError as error:
            raise _taken(given.name) from error
        return shown(row)

    async def remove(self, access: Access, policy: str, precondition: Precondition) -> None:
        """Raises NotFound, PreconditionFailed."""
        async with self._db.write() as session:
            row = _found(await store.by_id(session, access.organisation, policy, lock=True))
            precondition.check(row.version)
            await store.remove(session, row)

    async def get(self, access: Access, policy: str) -> PolicyOut:
        """Raises NotFound."""
        async with self._db.read() as session:
            return shown(_found(await store.by_id(session, access.organisation, policy)))

    async def list(self, access: Access, after: str | None, limit: int) -> Sequence[PolicyOut]:
        """At most `limit` of the organisation's own policies by name, those behind `after`."""
        async with self._db.read() as session:
            return [shown(row) for row in await store.after(session, access.organisation, after, limit)]

    async def resolve(self, access: Access | None, given: str | PolicyRules | None) -> Policy:
        """The policy that an item means: by name, by its rules, or the default one.

        Raises PolicyUnknown, PolicyRulesRefused.
        """
        if given is None:
            return BUILT_IN["default"]
        if isinstance(given, PolicyRules):
            return _usable(INLINE, _rules(given))
        if given in BUILT_IN:
            return BUILT_IN[given]
        if access is not None:
            async with self._db.read() as session:
                row = await store.by_name(session, access.organisation, given)
            if row is not None:
                return _usable(row.name, row.rules)
        raise PolicyUnknown(f"There is no policy {given!r}; GET /v1/policies lists those there are.")


def built_in() -> Sequence[PolicyOut]:
    """The policies that everybody can name."""
    return [
        PolicyOut.model_validate({**policy.to_json(), "id": None, "built_in": True, "version": 1})
        for policy in BUILT_IN.values()
    ]


def shown(row: PolicyRow) -> PolicyOut:
    return PolicyOut.model_validate(
        {
            **row.rules,
            "id": row.id,
            "name": row.name,
            "description": row.description,
            "built_in": False,
            "version": row.version,
            "created_at": row.created_at,
            "created_by": row.created_by,
            "changed_at": row.changed_at,
            "changed_by": row.changed_by,
        }
    )


def _rules(given: PolicyRules) -> dict[str, Any]:
    return given.model_dump(include=set(PolicyRules.model_fields))


def _usable(name: str, rules: Mapping[str, Any]) -> Policy:
    try:
        return policy_from_json({"name": name, **rules})
    except PolicyRefused as refused:
        raise PolicyRulesRefused(
            refused.reason, errors=[FieldError(refused.pointer, refused.reason)]
        ) from refused


def _refuse_built_in(name: str) -> None:
    if name in BUILT_IN or name == INLINE:
        raise _taken(name)


def _taken(name: str) -> PolicyNameTaken:
    return PolicyNameTaken(f"The name {name!r} is taken; choose another.")


def _found(row: PolicyRow | None) -> PolicyRow:
    if row is None:
        raise NotFound("Your organisation has no such policy.")
    return row
