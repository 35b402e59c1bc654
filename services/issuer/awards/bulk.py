"""The kinds of bulk jobs: many awards, and many changes of awards. Rows share a transaction by the chunk."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from services.issuer.awards import changing, issuing, store
from services.issuer.awards.events import credential_url
from services.issuer.awards.issuing import Issuing
from services.issuer.awards.schemas import Action, AwardIn, BulkStatusRow, Code
from services.issuer.awards.store import Award
from services.issuer.context import Context
from shared.db import WriteSession
from shared.http.problems import FieldError, InvalidRequest, NotFound, Problem, Unparseable
from shared.http.schemas import Schema
from shared.jobs import Job, JobRow, Kind, RowResult
from shared.vc import strict_json
from shared.vc.errors import JsonRefused

AWARDS = "awards"
STATUS_CHANGES = "award-status"
S = TypeVar("S", bound=Schema)
_JSON_COLUMNS = ("subject", "evidence")


def kinds(context: Callable[[], Context], chunk: int) -> dict[str, Kind]:
    """The issuer's kinds of jobs. `context` is asked for when rows are done, because it is there only then; `chunk`
    is how many awards share a transaction.
    """

    async def award(session: WriteSession, job: Job, rows: Sequence[JobRow]) -> Sequence[RowResult]:
        return await _award_rows(context(), session, job, rows)

    async def change(session: WriteSession, job: Job, rows: Sequence[JobRow]) -> Sequence[RowResult]:
        return await _change_rows(context(), session, job, rows)

    return {AWARDS: Kind(award, chunk), STATUS_CHANGES: Kind(change, chunk=500)}


async def _award_rows(
    context: Context, session: WriteSession, job: Job, rows: Sequence[JobRow]
) -> Sequence[RowResult]:
    results: dict[int, RowResult] = {}
    requests: list[tuple[int, AwardIn]] = []
    for row in rows:
        try:
            requests.append((row.index, _read(AwardIn, award_input(row.input, job.parameters))))
        except Problem as refusal:
            results[row.index] = RowResult(row.index, problem=refusal)
    how = Issuing(job.organisation, job.actor, "bulk", job_id=job.id)
    outcomes = await issuing.issue(context, session, [request for _, request in requests], how)
    for (index, _), outcome in zip(requests, outcomes, strict=True):
        results[index] = _result(context, index, outcome)
    return [results[row.index] for row in rows]


def _result(context: Context, index: int, outcome: issuing.Outcome) -> RowResult:
    if isinstance(outcome, Problem):
        return RowResult(index, problem=outcome)
    return RowResult(
        index, result={"award": outcome.id, "credential": credential_url(context.public_url, outcome.id)}
    )


async def _change_rows(
    context: Context, session: WriteSession, job: Job, rows: Sequence[JobRow]
) -> Sequence[RowResult]:
    results: dict[int, RowResult] = {}
    wanted: list[tuple[int, BulkStatusRow]] = []
    for row in rows:
        try:
            wanted.append((row.index, _read(BulkStatusRow, {**job.parameters, **row.input})))
        except Problem as refusal:
            results[row.index] = RowResult(row.index, problem=refusal)
    awards = await store.lock_owned(session, sorted({each.award for _, each in wanted}), job.organisation)
    together = _Together(context, session, job)
    for index, each in wanted:
        award = awards.get(each.award)
        problem = _unknown() if award is None else await together.add(award, each)
        results[index] = RowResult(index, {"award": each.award} if problem is None else None, problem)
    await together.change()
    return [results[row.index] for row in rows]


def _unknown() -> Problem:
    return NotFound("Your organisation has no such award.")


class _Together:
    """Changes that are alike, made in one go: a status list is written once for all of them."""

    def __init__(self, context: Context, session: WriteSession, job: Job) -> None:
        self._context, self._session, self._job = context, session, job
        self._alike: dict[tuple[Action, Code, str | None], list[Award]] = {}
        self._seen: set[str] = set()

    async def add(self, award: Award, wanted: BulkStatusRow) -> Problem | None:
        """Take it up; or say why it cannot be."""
        if award.id in self._seen:  # named twice: the first change counts before the second is judged
            await self.change()
        refusal = changing.refusal(award, wanted.action)
        if refusal is None:
            self._seen.add(award.id)
            self._alike.setdefault((wanted.action, wanted.code, wanted.reason), []).append(award)
        return refusal

    async def change(self) -> None:
        """Make the changes taken up so far."""
        for (action, code, reason), awards in self._alike.items():
            await changing.change(
                self._context, self._session, awards, action, code=code, reason=reason, actor=self._job.actor
            )
        self._alike.clear()
        self._seen.clear()


def award_input(row: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """A row as an AwardIn: what holds for the whole job filled in, and the short forms of CSV written out.

    `email` stands for a recipient by e-mail address; `subject` and `evidence` may be JSON texts, `subject.result` too.
    Raises Unparseable for a text that should be JSON and is not.
    """
    whole: dict[str, Any] = {**parameters, **row}
    recipient = whole.get("recipient", {})
    if "email" in whole and isinstance(recipient, dict):
        whole["recipient"] = {**recipient, "type": "emailAddress", "identity": whole.pop("email")}
    for name in _JSON_COLUMNS:
        if isinstance(whole.get(name), str):
            whole[name] = _json(whole[name], name)
    subject = whole.get("subject")
    if isinstance(subject, dict):
        whole["subject"] = _subject(subject)
    return whole


def _subject(given: dict[str, Any]) -> dict[str, Any]:
    """CSV knows only text; the model wants a list of results and a number of credits."""
    subject = dict(given)
    if isinstance(subject.get("result"), str):
        subject["result"] = _json(subject["result"], "subject.result")
    if isinstance(subject.get("creditsEarned"), str):
        subject["creditsEarned"] = _json(subject["creditsEarned"], "subject.creditsEarned")
    return subject


def _json(text: str, name: str) -> Any:
    try:
        return strict_json.loads(text)
    except JsonRefused as refused:
        raise Unparseable(f"The column {name} holds JSON. {refused.reason}") from refused


def _read(schema: type[S], given: Mapping[str, Any]) -> S:
    """The row in its schema. Raises InvalidRequest, naming each field."""
    try:
        return schema.model_validate(given)
    except ValidationError as error:
        raise InvalidRequest(
            "Correct the fields that `errors` names.",
            errors=[
                FieldError("".join(f"/{_escaped(step)}" for step in each["loc"]), each["msg"])
                for each in error.errors(include_url=False, include_input=False)
            ],
        ) from error


def _escaped(step: str | int) -> str:
    """A step of a JSON pointer (RFC 6901 §3)."""
    return str(step).replace("~", "~0").replace("/", "~1")
