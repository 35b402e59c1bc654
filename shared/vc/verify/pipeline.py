"""The way of a badge from bytes to a report."""

import hashlib
from datetime import datetime

from shared.vc.baking import Extracted, ImageRefused, extract
from shared.vc.baking.png import SIGNATURE
from shared.vc.budget import Budget
from shared.vc.contexts import ContextStore
from shared.vc.fetching import Fetch, Recognition, RecognitionLookup
from shared.vc.policy import DEFAULT, Policy, decide
from shared.vc.report import Check, Container, Recipient, Report, failed, passed

from .assertions import examine_assertion
from .case import NOTHING_EXPECTED, Case, Expected, Surroundings
from .embedded import check_embedded
from .endorsements import check_endorsements
from .examine import examine_content, examine_currency
from .limits import Limits
from .projection import project
from .proven import ProvenLists
from .reading import Unreadable, read
from .recipient import Applicant, check_recipient
from .recognition import check_creator, check_lists, check_recognition
from .refresh import refreshed
from .sources import Sources

_NO_LIMITS = Limits()
_NAMES = {"json": "a JSON text", "jwt": "a JWT", "png": "a PNG image", "svg": "an SVG image"}


async def verify(
    data: bytes,
    *,
    fetcher: Fetch,
    contexts: ContextStore,
    now: datetime,
    policy: Policy = DEFAULT,
    applicant: Applicant | None = None,
    recognitions: RecognitionLookup | None = None,
    limits: Limits = _NO_LIMITS,
    as_holder: bool = False,
    proven: ProvenLists | None = None,
    expected: Expected = NOTHING_EXPECTED,
) -> Report:
    """Verify a badge and say what was found.

    The order is that of Open Badges 3.0, "Verification":

    1. what it is (JSON, JWT, baked PNG or SVG), and the credential taken out of it;
    2. strict parsing;
    3. contexts pinned, and every term defined by them (safe mode);
    4. structure, subject, and the schema it names;
    5. proof, its key, and the key's controller being the issuer;
    6. a newer version, once, where the badge offers it and the policy wants it;
    7. status, every entry, with the list's own proof, issuer, period, length, purpose and range;
       then the period of validity, with 60 s for clocks that disagree;
    8. who vouches for the issuer, and what the policy allows;
    9. whether it is the applicant's;
    10. the credentials within a record (CLR 2.0), and endorsements, each by the same steps.

    Args:
        data: the input, of any form and from anywhere.
        fetcher: reaches the network; whatever it refuses makes a check inconclusive, with its reason.
        contexts: the pinned JSON-LD contexts.
        now: aware UTC.
        policy: what has to hold for the badge to be accepted.
        applicant: what is known of whoever showed the badge; nothing is compared without it.
        recognitions: asks registries about an issuer; nobody is asked without it.
        limits: what the verification may cost.
        as_holder: whoever asks holds the badge: the issuer's base proof (`ecdsa-sd-2023`) counts as well.
        proven: status lists verified before, in this process; the same bytes are not verified again.
        expected: what the credential's own proof has to answer.

    Returns:
        A report, whatever is wrong with the badge.

    Raises:
        Unrecognised: the input is of no known form. Anything else raised is a defect of this library.
    """
    extracted: Extracted | None = None
    sources = Sources(fetcher, now=now, most=limits.fetches)
    around = Surroundings(
        sources, contexts, now, policy, limits, Budget(limits.work_units), as_holder, proven
    )
    outcome = _Outcome(around, data)
    try:
        extracted = extract(data[: limits.input_bytes + 1])
        around.budget.charge(_reading_units(extracted.text))
        case = read(extracted)
        case.expected = expected
    except ImageRefused as error:
        return outcome.unreadable(_image_kind(data), failed(error.code, error.reason))
    except Unreadable as error:
        assert extracted is not None
        return outcome.unreadable(extracted.container, error.check)
    reason = f"The badge was read from {_NAMES[extracted.container]}."
    case.note([passed("format.recognised", reason)])
    current, told = await _examine(case, around)
    forged = any(one.kind in {"proof", "key"} and one.outcome == "failed" for one in current.checks)
    # Whoever vouches for an issuer says nothing of a badge that is not that issuer's.
    statements, asked = await check_recognition(current, around, None if forged else recognitions)
    current.note(asked)
    current.note(check_creator(current))
    current.note(check_lists(current, policy))
    recipient = None
    if applicant is not None:
        recipient, check = check_recipient(current, applicant)
        current.note([check])
    if not forged and current.family == "clr2":
        current.note(await check_embedded(current, around))
    if not forged and current.family != "ob2":  # whose endorsements stand apart and are not in the badge
        current.note(await check_endorsements(current, around))
    current.note(told)
    return outcome.report(current, extracted, statements, recipient)


async def _examine(case: Case, around: Surroundings) -> tuple[Case, list[Check]]:
    """Steps 3 to 7, on the newest version of the badge; and what there is to tell of versions."""
    if case.family == "ob2":
        await examine_assertion(case, around)
        return case, []
    await examine_content(case, around)
    current, told = await _newest(case, around)
    await examine_currency(current, around)
    return current, told


async def _newest(case: Case, around: Surroundings) -> tuple[Case, list[Check]]:
    # A badge that does not stand is not asked about: only what its issuer signed says where to ask.
    if not case.passed("proof") or not case.passed("key"):
        return case, []
    newest, told = await refreshed(case, around)
    if newest is not case:
        newest.checks.insert(0, case.checks[0])
    return newest, told


def _reading_units(text: str) -> int:
    """What parsing a text strictly costs: by its values, and a little by its length."""
    return (text.count('"') + text.count(",")) // 8 + len(text) // 1000


def _image_kind(data: bytes) -> Container:
    return "png" if data.startswith(SIGNATURE) else "svg"


class _Outcome:
    """What every report says, whatever came of the badge."""

    def __init__(self, around: Surroundings, data: bytes) -> None:
        self._around = around
        self._digest = "sha256-" + hashlib.sha256(data).hexdigest()

    def unreadable(self, container: Container, check: Check) -> Report:
        return self._report(container, "unknown", (check,))

    def report(
        self,
        case: Case,
        extracted: Extracted,
        statements: tuple[Recognition, ...],
        recipient: Recipient | None,
    ) -> Report:
        return self._report(extracted.container, case.format, tuple(case.checks), case, statements, recipient)

    def _report(
        self,
        container: Container,
        form: str,
        checks: tuple[Check, ...],
        case: Case | None = None,
        statements: tuple[Recognition, ...] = (),
        recipient: Recipient | None = None,
    ) -> Report:
        decision = decide(checks, self._around.policy)
        return Report(
            verified_at=self._around.now,
            verdict=decision.verdict,
            summary=decision.summary,
            format=form,
            container=container,
            digest=self._digest,
            checks=checks,
            credential=None if case is None else project(case.shown),
            recognitions=statements,
            recipient=recipient,
            policy=self._around.policy.to_json(),
            fetched=self._around.sources.used(),
            document=None if case is None else case.document,
            secured=None if case is None else case.text,
        )
