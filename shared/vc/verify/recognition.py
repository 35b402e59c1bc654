"""Step 8: who vouches for the issuer, and what the policy lists allow."""

from collections.abc import Iterator

from shared.vc.errors import BudgetExceeded
from shared.vc.fetching import FetchRefused, Recognition, RecognitionAnswer, RecognitionLookup
from shared.vc.policy import Policy
from shared.vc.report import Check, failed, inconclusive, passed, skipped

from .case import Case, Surroundings, objects
from .projection import Things


async def check_recognition(
    case: Case, around: Surroundings, lookup: RecognitionLookup | None
) -> tuple[tuple[Recognition, ...], list[Check]]:
    """The statements that hold now for this issuer and achievement, and the check they make."""
    issuer = case.issuer
    if lookup is None or issuer is None:
        return (), [skipped("recognition.not_asked", "No registry was asked who vouches for the issuer.")]
    try:
        answer = await lookup(issuer)
    except FetchRefused as refused:
        answer = RecognitionAnswer((), (refused.reason,))
    achievement, kind = achievement_of(case)
    holding = tuple(
        one for one in answer.statements if one.issuer == issuer and one.covers(achievement, kind, around.now)
    )
    return holding, [_check(holding, answer, around.policy)]


def achievement_of(case: Case) -> tuple[str | None, str | None]:
    """The id and the type of the achievement."""
    for subject in objects(case.shown.get("credentialSubject")):
        for achievement in objects(subject.get("achievement")):
            own, kind = achievement.get("id"), achievement.get("achievementType")
            return own if isinstance(own, str) else None, kind if isinstance(kind, str) else None
    return None, None


def _check(holding: tuple[Recognition, ...], answer: RecognitionAnswer, policy: Policy) -> Check:
    trusted = [one for one in holding if _is_trusted(one, policy)]
    if trusted:
        names = ", ".join(dict.fromkeys(_name(one) for one in trusted))
        return passed("recognition.recognised", f"The issuer is recognised by {names}.")
    if answer.unreachable:
        reason = f"Who vouches for the issuer could not be found out: {'; '.join(answer.unreachable)}"
        return inconclusive("recognition.unreachable", reason)
    if holding:
        names = ", ".join(dict.fromkeys(_name(one) for one in holding))
        reason = f"The issuer is recognised by {names} only, whom the policy does not trust."
        return inconclusive("recognition.untrusted", reason)
    return inconclusive("recognition.none", "Nobody who was asked vouches for the issuer.")


def _is_trusted(one: Recognition, policy: Policy) -> bool:
    if not policy.trusted_recognisers:
        return True
    names = {one.registry, one.recogniser.get("organisation"), one.recogniser.get("url")}
    return bool(names & set(policy.trusted_recognisers))


def _name(one: Recognition) -> str:
    return str(one.recogniser.get("name") or one.recogniser.get("organisation") or one.registry)


def check_creator(case: Case) -> Iterator[Check]:
    """A note when the achievement says that somebody else than the issuer made it, wherever it says so."""
    said = Things(case.shown)
    for subject in objects(case.shown.get("credentialSubject")):
        for achievement in objects(subject.get("achievement")):
            try:
                creators = objects(said.of(achievement).get("creator"))
            except BudgetExceeded:
                creators = objects(achievement.get("creator"))
            for creator in creators:
                if creator.get("id") != case.issuer:
                    reason = (
                        f"The issuer says that the achievement was defined by {creator.get('name') or creator.get('id')};"
                        " nothing in the badge proves it."
                    )
                    pointer = "/credentialSubject/achievement/creator"
                    yield skipped("recognition.creator_differs", reason, pointer)


def check_lists(case: Case, policy: Policy) -> Iterator[Check]:
    """The issuers and achievements that the policy allows."""
    if policy.allowed_issuers:
        if case.issuer in policy.allowed_issuers:
            yield passed("policy.issuer_allowed", "The policy allows this issuer.", "/issuer")
        else:
            yield failed("policy.issuer_not_allowed", "The policy does not allow this issuer.", "/issuer")
    if policy.allowed_achievements:
        pointer = "/credentialSubject/achievement"
        if achievement_of(case)[0] in policy.allowed_achievements:
            yield passed("policy.achievement_allowed", "The policy allows this achievement.", pointer)
        else:
            reason = "The policy does not allow this achievement."
            yield failed("policy.achievement_not_allowed", reason, pointer)
