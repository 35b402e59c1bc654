"""The fast ways through a document beside the general ones: the same quads, findings, work and refusals."""

import copy
import itertools
import random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.vc.budget import Budget
from shared.vc.contexts import CREDENTIALS_V2, ContextStore
from shared.vc.errors import VcError
from shared.vc.jsonld.common import CommonConverter
from shared.vc.jsonld.convert import Converter, Quad
from shared.vc.jsonld.process import Contexts
from shared.vc.model.check import Walk
from shared.vc.model.classes import CLASSES
from shared.vc.model.findings import Finding
from shared.vc.model.sound import UNSURE, units_if_sound
from shared.vc.rdfc import line
from tests.bench.documents import BUILDERS
from tests.unit.vc.credentials import credentials
from tests.unit.vc.test_canonical_forms import Writer

STORE = ContextStore.builtin()
_CONTEXTS = Contexts.over(STORE)
_slow = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# What may stand anywhere: values of every kind, rarer spellings, names that hide, blank nodes, broken identifiers.
_VALUES: list[Any] = [
    *(
        "",
        "x",
        "a\nb",
        'q"u\\o',
        "\x7f\ufffe",
        "ü\u2028",
        "https://e.example/ü",
        "https://e.example/a b",
        "urn:x",
    ),
    *("did:ex:1", "_:b0", "relative", "mailto:a@e.example", "xsd:string", "VerifiableCredential"),
    *(None, True, False, 0, 7, 2.5, 1e21, [], {}, ["x", "y"], ["x", 1], [["x"]], [{}], [None]),
    *({"@value": "x"}, {"@value": "x", "@language": "en"}, {"@list": ["x"]}, {"@set": ["x"]}),
    *({"id": "urn:x"}, {"@id": "urn:x"}, {"type": "Profile"}, {"type": ["Image", "Profile"], "id": "urn:y"}),
    *({"type": [{}]}, {"type": None}, {"id": 1}, {"type": ["Image"], "caption": "c", "name": "n"}),
    *({"@context": [], "name": "n"}, {"@context": "https://www.w3.org/ns/credentials/v2", "name": "n"}),
    {"@context": {"more": "https://e.example/more"}, "more": "m"},
]
_NAMES = [
    *("@id", "@type", "@value", "@list", "@set", "@graph", "@included", "@index", "@context", "@none"),
    *("id", "type", "name", "undefined", "proof", "evidence", "url", "termsOfUse", "credentialStatus"),
    *("https://schema.org/name", "https://www.w3.org/2018/credentials#validUntil", "cred:validUntil"),
]


def _outcome(
    kind: type[Converter], document: Any, *, compact: bool, as_lines: bool = False
) -> tuple[Any, ...]:
    budget = Budget()
    converter = kind(_CONTEXTS, budget, compact=compact)
    if as_lines:
        converter = CommonConverter(_CONTEXTS, budget, compact=compact, as_lines=True)
    try:
        converter.document(document)
    except VcError as error:
        return type(error), error.code, error.reason, error.pointer
    return {*map(_line, converter.quads), *converter.lines}, budget.left


def _line(quad: Quad) -> str:
    return line(quad, {})


def _same(document: Any, *, compact: bool = True) -> bool:
    """Whether both ways agree; contexts are met by the first, so that neither pays for reading them."""
    _outcome(Converter, document, compact=compact)
    _outcome(CommonConverter, document, compact=compact)
    common = _outcome(CommonConverter, document, compact=compact)
    lines = _outcome(CommonConverter, document, compact=compact, as_lines=True)
    return common == lines == _outcome(Converter, document, compact=compact)


def _places(value: Any) -> list[Any]:
    """Every object and array in a document."""
    if not isinstance(value, (dict, list)):
        return []
    inner = value.values() if isinstance(value, dict) else value
    return [value, *(place for one in inner for place in _places(one))]


def _disturb(document: Any, choose: random.Random) -> None:
    place = choose.choice(_places(document))
    value = copy.deepcopy(choose.choice(_VALUES))
    if isinstance(place, list):
        place.insert(choose.randint(0, len(place)), value)
    elif place and choose.random() < 0.6:
        place[choose.choice(list(place))] = value
    else:
        place[choose.choice(_NAMES)] = value


@_slow
@given(credentials)
def test_generated_credentials(document: dict[str, Any]) -> None:
    assert _same(document)


@_slow
@given(st.sampled_from(sorted(BUILDERS)), st.randoms(use_true_random=False))
def test_disturbed_credentials(name: str, choose: random.Random) -> None:
    document = BUILDERS[name]("did:example:issuer")
    for _ in range(choose.randint(1, 3)):
        _disturb(document, choose)
    assert _same(document)
    assert _same(document, compact=False)


@settings(_slow, max_examples=30)
@given(st.randoms(use_true_random=False))
def test_documents_with_contexts_of_their_own(choose: random.Random) -> None:
    document = Writer(choose).document()
    assert _same(document)
    assert _same(document, compact=False)


def _walked(document: Any, name: str) -> tuple[list[Finding], int]:
    budget = Budget()
    found = list(Walk(budget).inspect(document, CLASSES[name], ""))
    return found, Budget().left - budget.left


@_slow
@given(st.sampled_from(sorted(BUILDERS)), st.randoms(use_true_random=False), st.integers(0, 2))
def test_credentials_that_are_surely_sound_are_sound(name: str, choose: random.Random, changes: int) -> None:
    document = BUILDERS[name]("did:example:issuer")
    for _ in range(changes):
        _disturb(document, choose)
    units = units_if_sound(document, "AchievementCredential")
    assert units in {UNSURE, _walked(document, "AchievementCredential")[1]}
    assert units == UNSURE or not _walked(document, "AchievementCredential")[0]


def test_sound_credentials_are_told_at_once() -> None:
    """Guards the test above against leaving everything to the full check, class by class."""
    for build in BUILDERS.values():
        badge = build("did:example:issuer")
        assert units_if_sound(badge, "AchievementCredential") == _walked(badge, "AchievementCredential")[1]


def test_the_fast_way_is_taken() -> None:
    """Guards the tests above against comparing the general way with itself."""

    class General(CommonConverter):
        nodes = 0

        def _say(self, *arguments: Any) -> str:
            General.nodes += 1
            return super()._say(*arguments)

    for build in BUILDERS.values():
        document, General.nodes = build("did:example:issuer"), 0
        _outcome(General, document, compact=True)
        assert General.nodes >= 0.8 * sum(isinstance(place, dict) for place in _places(document))


def test_shapes_that_are_remembered_are_bounded() -> None:
    """By whoever thinks of new types for every badge."""
    contexts = Contexts(STORE)
    kinds = ("JsonSchema", "DataIntegrityProof", "BitstringStatusListEntry", "BitstringStatusList")

    def meet(types: tuple[str, ...]) -> None:
        document = {"@context": [CREDENTIALS_V2], "id": "urn:x", "type": list(types)}
        CommonConverter(contexts, Budget(), compact=True).document(document)

    for length in (5, 6):
        for types in itertools.product(kinds, repeat=length):
            meet(types)
    kept = _remembered(contexts.initial)
    meet((*kinds, *kinds))
    assert 0 < _remembered(contexts.initial) == kept < 4_000


def _remembered(active: Any) -> int:
    return len(active.shapes) + sum(_remembered(one) for one in active.derived.values())
