"""JSON-LD: contexts that change what was signed, hide it, or cost time (JSON-LD 1.1; VC Data Integrity, "Securing Data Losslessly")."""

import copy
from collections.abc import Callable
from typing import Any

from shared.vc.contexts import CREDENTIALS_V2, OPEN_BADGES_3
from tests.hostile.corpus.attack import Given, Json, Stage, attack

COMPLEX = "more work than is allowed"


def with_context(stage: Stage, *inline: Any, **members: Any) -> Json:
    """A badge signed without, and sent with, these contexts and members."""
    badge = copy.deepcopy(stage.honest.award())
    badge["@context"] = [*badge["@context"], *inline]
    return {**badge, **members}


def nested(depth: int, wrap: Callable[[Any], Any], value: Any) -> Any:
    for _ in range(depth):
        value = wrap(value)
    return value


@attack("context.malformed", "protected")
def redefined_type(stage: Stage) -> Given:
    """A context of its own that gives `AchievementSubject`, and with it every term of it, another meaning"""
    return with_context(stage, {"AchievementSubject": "https://evil.example/AchievementSubject"})


@attack("context.malformed", "protected")
def redefined_id(stage: Stage) -> Given:
    """A context of its own that makes `id` an ordinary member"""
    return with_context(stage, {"id": "https://evil.example/id"})


@attack("context.malformed", "protected")
def redefined_within_the_subject(stage: Stage) -> Given:
    """The same, in a context within the subject"""
    badge = copy.deepcopy(stage.honest.award())
    badge["credentialSubject"]["@context"] = {"AchievementSubject": "https://evil.example/"}
    return badge


@attack("context.malformed", "protected")
def nulled_contexts(stage: Stage) -> Given:
    """`null` among the contexts, which would forget all terms before it"""
    return with_context(stage, None)


@attack("context.missing", "first context has to be")
def swapped_contexts(stage: Stage) -> Given:
    """The two contexts in the other order"""
    badge = stage.honest.award()
    return {**badge, "@context": [OPEN_BADGES_3, CREDENTIALS_V2]}


@attack("context.missing", "second context has to be")
def other_version_of_the_context(stage: Stage) -> Given:
    """The context of another version, under which the same words mean other IRIs"""
    return {
        **stage.honest.award(),
        "@context": [CREDENTIALS_V2, "https://www.w3.org/ns/credentials/examples/v2"],
    }


@attack("context.unknown", "not among the pinned ones")
def context_of_a_stranger(stage: Stage) -> Given:
    """A context at an address of the attacker's, which would be fetched while verifying"""
    return with_context(stage, f"{stage.site}/context.json")


@attack("context.unknown", "not among the pinned ones")
def context_with_another_spelling(stage: Stage) -> Given:
    """The address of a pinned context, with a query"""
    return with_context(stage, OPEN_BADGES_3 + "?")


@attack("context.term_undefined", 'No context defines "grade"')
def undefined_member(stage: Stage) -> Given:
    """A member that no context defines: shown by readers of JSON, not covered by the signature"""
    return with_context(stage, grade="A+")


@attack("context.term_undefined", 'No context defines "honours"')
def undefined_member_deep_inside(stage: Stage) -> Given:
    """The same in the achievement"""
    badge = copy.deepcopy(stage.honest.award())
    badge["credentialSubject"]["achievement"]["honours"] = "summa cum laude"
    return badge


@attack("context.term_undefined", "No context defines the type")
def undefined_type(stage: Stage) -> Given:
    """A type that no context defines"""
    badge = copy.deepcopy(stage.honest.award())
    badge["type"].append("DoctorOfMedicine")
    return badge


@attack("context.malformed", "IRI or null")
def catch_all_vocabulary(stage: Stage) -> Given:
    """`@vocab` set to null, so that what is undefined would be dropped"""
    return with_context(stage, {"@vocab": 5}, grade="A+")


@attack("proof.invalid", "does not fit")
def vocabulary_of_its_own(stage: Stage) -> Given:
    """`@vocab` of its own, so that every member counts as defined"""
    return with_context(stage, {"@vocab": "https://evil.example/"}, grade="A+")


@attack("context.term_undefined", "contexts exclude")
def term_set_to_null(stage: Stage) -> Given:
    """A term defined as null: its member is dropped from what is signed"""
    return with_context(stage, {"grade": None}, grade="A+")


@attack("context.term_undefined", "not an absolute IRI")
def relative_identifier(stage: Stage) -> Given:
    """An id relative to nothing"""
    badge = copy.deepcopy(stage.honest.award())
    badge["credentialSubject"]["achievement"]["id"] = "achievements/1"
    return badge


@attack("context.malformed", "@base are not supported")
def base_of_its_own(stage: Stage) -> Given:
    """`@base`, under which relative ids would mean the attacker's addresses"""
    badge = with_context(stage, {"@base": "https://evil.example/"})
    badge["credentialSubject"]["achievement"]["id"] = "achievements/1"
    return badge


@attack("context.unknown", "not among the pinned ones")
def imported_context(stage: Stage) -> Given:
    """`@import` of an address of the attacker's"""
    return with_context(stage, {"@version": 1.1, "@import": f"{stage.site}/context.json"})


@attack("context.malformed", "@nest is not supported")
def hidden_by_nesting(stage: Stage) -> Given:
    """`@nest`: the real members stand in a member that readers of JSON pass over"""
    badge = with_context(stage, {"wrapped": "@nest"})
    achievement = badge["credentialSubject"]["achievement"]
    achievement["wrapped"] = {"name": achievement.pop("name")}
    return badge


@attack("context.malformed", "uses @reverse")
def hidden_by_reversing(stage: Stage) -> Given:
    """`@reverse`: the subject stands where the object belongs"""
    return with_context(
        stage, {"awardedTo": {"@reverse": "https://evil.example/by"}}, awardedTo={"id": "did:example:mallory"}
    )


@attack("context.malformed", "@included is overlooked")
def hidden_by_including(stage: Stage) -> Given:
    """`@included`: a second subject beside the one that is shown"""
    return with_context(
        stage, {"more": "@included"}, more=[{"id": "did:example:mallory", "type": ["AchievementSubject"]}]
    )


@attack("context.malformed", "uses @id, not supported")
def hidden_in_a_graph(stage: Stage) -> Given:
    """`@container: @graph`: claims in a graph of their own"""
    return with_context(
        stage,
        {"claims": {"@id": "https://evil.example/claims", "@container": ["@graph", "@id"]}},
        claims={"urn:uuid:1": {"id": "did:example:mallory"}},
    )


@attack("context.malformed", "uses @index, not supported")
def hidden_under_an_index(stage: Stage) -> Given:
    """`@container: @index`: the keys of a map are dropped"""
    return with_context(
        stage,
        {"grades": {"@id": "https://evil.example/grades", "@container": "@index"}},
        grades={"A+": {"id": "urn:uuid:1"}},
    )


@attack("proof.invalid", "does not fit")
def hidden_in_json(stage: Stage) -> Given:
    """`@type: @json`: members that no context need define"""
    return with_context(
        stage,
        {"raw": {"@id": "https://evil.example/raw", "@type": "@json"}},
        raw={"grade": "A+", "b": [1, 2]},
    )


@attack("subject.unidentified", "neither an `id` nor")
def another_name_for_the_id(stage: Stage) -> Given:
    """An alias of `@id`, read by processors and not by readers of JSON"""
    badge = with_context(stage, {"who": "@id"})
    badge["credentialSubject"]["who"] = badge["credentialSubject"].pop("id")
    return badge


@attack("model.missing", "`type` is missing")
def another_name_for_the_type(stage: Stage) -> Given:
    """An alias of `@type`, read by processors and not by readers of JSON"""
    badge = with_context(stage, {"kind": "@type"})
    achievement = badge["credentialSubject"]["achievement"]
    achievement["kind"] = achievement.pop("type")
    return badge


@attack("context.malformed", 'spell @id "id"')
def keyword_in_the_subject(stage: Stage) -> Given:
    """`@id` beside `id`"""
    badge = copy.deepcopy(stage.honest.award())
    badge["credentialSubject"]["@id"] = "did:example:mallory"
    return badge


@attack("context.too_complex", COMPLEX)
def eight_thousand_terms(stage: Stage) -> Given:
    """A context of 8,000 terms"""
    return with_context(stage, {f"t{n}": f"https://t.example/{n}" for n in range(8000)})


@attack("context.too_complex", COMPLEX)
def two_hundred_contexts(stage: Stage) -> Given:
    """200 contexts of 100 terms, each redefining the last"""
    return with_context(stage, *[{f"t{n}": f"https://t.example/{m}" for n in range(100)} for m in range(200)])


@attack("context.too_complex", COMPLEX)
def context_in_every_node(stage: Stage) -> Given:
    """3,000 nodes with a context of their own each"""
    evidence = [{"@context": {"x": f"https://x.example/{n}"}, "type": ["Evidence"]} for n in range(3000)]
    return with_context(stage, evidence=evidence)


@attack("context.malformed", "too deeply")
def chain_of_terms(stage: Stage) -> Given:
    """5,000 terms, each defined by the next"""
    return with_context(stage, {f"t{n}": f"t{n + 1}:x" for n in range(5000)}, t1=1)


@attack("context.malformed", "defined by itself")
def circle_of_terms(stage: Stage) -> Given:
    """Two terms defined by one another"""
    return with_context(stage, {"a": "b:x", "b": "a:y"}, a=1)


@attack("context.malformed", "redefines its own term")
def scoped_context_of_itself(stage: Stage) -> Given:
    """A scoped context within a scoped context, 25 times"""
    inner = nested(
        25, lambda one: {"@id": "https://p.example/", "@context": {"p": one}}, "https://p.example/"
    )
    return with_context(stage, {"p": inner}, p=nested(25, lambda one: {"p": one}, "x"))


@attack("context.too_complex", COMPLEX)
def scoped_contexts_unfolding(stage: Stage) -> Given:
    """Scoped contexts that bring the pinned ones anew at each of a thousand nodes"""
    scoped = {
        "q": {"@id": "https://q.example/", "@context": [OPEN_BADGES_3, {"z": "https://z.example/"}] * 20}
    }
    return with_context(stage, scoped, q=[{"z": n} for n in range(1000)])


@attack("context.too_complex", COMPLEX)
def a_hundred_thousand_types(stage: Stage) -> Given:
    """A node of 90,000 types"""
    badge = copy.deepcopy(stage.honest.award())
    badge["credentialSubject"]["achievement"]["type"] = ["Achievement"] * 90_000
    return badge


@attack("context.too_complex", COMPLEX)
def nine_thousand_fractions(stage: Stage) -> Given:
    """Numbers, each to be written in XSD's canonical form"""
    return with_context(stage, {"n": "https://n.example/"}, n=[number + 0.123456 for number in range(9000)])


@attack("context.unknown", "cannot be told for certain")
def address_without_end(stage: Stage) -> Given:
    """The address of a context, 100,000 characters long, in every reason"""
    return with_context(stage, "https://e.example/" + "x" * 100_000)
