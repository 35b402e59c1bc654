"""JSON that readers understand differently, or choke on."""

import json

from tests.hostile.corpus.attack import NOT_A_BADGE, TOO_LARGE, Given, Stage, attack

UNSAFE = "format.unsafe_json"


def with_member(stage: Stage, text: str) -> str:
    """A signed badge with one more member, as text."""
    return json.dumps(stage.honest.award())[:-1] + f', "x": {text}}}'


@attack(UNSAFE, "deeper than")
def deep_arrays(stage: Stage) -> Given:
    """5,000 arrays within one another"""
    return with_member(stage, "[" * 5000 + "]" * 5000)


@attack(UNSAFE, "more than")
def deep_objects(stage: Stage) -> Given:
    """A million bytes of objects within one another"""
    return with_member(stage, '{"a":' * 150_000 + "1" + "}" * 150_000)


@attack(UNSAFE, "more than")
def a_million_brackets(stage: Stage) -> Given:
    """A million opening brackets and nothing else"""
    return with_member(stage, "[" * 1_000_000)


@attack(UNSAFE, "more than")
def wide_array(stage: Stage) -> Given:
    """An array of 900,000 numbers"""
    return with_member(stage, "[" + "1," * 900_000 + "1]")


@attack(UNSAFE, "more than")
def wide_object(stage: Stage) -> Given:
    """An object of 150,000 members"""
    return with_member(stage, "{" + ",".join(f'"m{n}":1' for n in range(150_000)) + "}")


@attack("context.term_undefined", 'No context defines "x"')
def colliding_members(stage: Stage) -> Given:
    """An object of 40,000 members, just within the number of values that is read"""
    return with_member(stage, "{" + ",".join(f'"m{n}":1' for n in range(40_000)) + "}")


@attack(UNSAFE, "beyond 2^53")
def huge_integer(stage: Stage) -> Given:
    """An integer of a million and a half digits, whose conversion costs the square of that"""
    return with_member(stage, "1" * 1_500_000)


@attack(UNSAFE, "beyond 2^53")
def integer_beyond_doubles(stage: Stage) -> Given:
    """2^53 + 1, which half the readers round"""
    return with_member(stage, str(2**53 + 1))


@attack(UNSAFE, "beyond what a double")
def huge_exponent(stage: Stage) -> Given:
    """1e400, infinity to some and an error to others"""
    return with_member(stage, "1e400")


@attack(UNSAFE, "what a double gives back")
def more_digits_than_a_double(stage: Stage) -> Given:
    """A fraction that no double gives back"""
    return with_member(stage, "0.10000000000000000555111512312578270211815834045410156249")


@attack(UNSAFE, "what a double gives back")
def tiny_exponent(stage: Stage) -> Given:
    """1e-400, which becomes zero"""
    return with_member(stage, "1e-400")


@attack(UNSAFE, "NaN is not JSON")
def not_a_number(stage: Stage) -> Given:
    """NaN, which some readers take"""
    return with_member(stage, "NaN")


@attack(UNSAFE, "Infinity is not JSON")
def infinity(stage: Stage) -> Given:
    """-Infinity, which some readers take"""
    return with_member(stage, "-Infinity")


@attack(UNSAFE, "stands twice")
def duplicate_members(stage: Stage) -> Given:
    """`issuer` twice: some readers keep the first, others the last"""
    text = json.dumps(stage.honest.award())
    return text[:-1] + f', "issuer": {json.dumps(stage.rogue.did)}}}'


@attack(UNSAFE, "stands twice")
def duplicate_members_spelled_differently(stage: Stage) -> Given:
    """`issuer` and `\\u0069ssuer`, the same once they are read"""
    text = json.dumps(stage.honest.award())
    return text[:-1] + ', "\\u0069ssuer": "did:example:somebody"}'


@attack(UNSAFE, "stands twice")
def duplicate_members_deep_inside(stage: Stage) -> Given:
    """Two members of one name in the subject's achievement"""
    return json.dumps(stage.honest.award()).replace(
        '"achievement": {', '"achievement": {"name": "Nobel prize",'
    )


@attack(UNSAFE, "surrogate")
def lone_surrogate(stage: Stage) -> Given:
    """Half of a surrogate pair, which has no UTF-8"""
    return with_member(stage, '"\\ud800"')


@attack(UNSAFE, "surrogate")
def three_hundred_thousand_surrogates(stage: Stage) -> Given:
    """A text of nothing but halves of surrogate pairs"""
    return with_member(stage, '"' + "\\ud800" * 300_000 + '"')


@attack(NOT_A_BADGE, "neither text")
def not_utf_8(stage: Stage) -> Given:
    """Bytes that are not UTF-8 within a text"""
    return json.dumps(stage.honest.award()).encode().replace(b"First aid", b"First\xff\xfeaid")


@attack(NOT_A_BADGE, "neither text")
def utf_16(stage: Stage) -> Given:
    """A badge in UTF-16, which readers of bytes do not see"""
    return json.dumps(stage.honest.award()).encode("utf-16")


@attack(TOO_LARGE, "4194304")
def five_megabytes_of_text(stage: Stage) -> Given:
    """A badge longer than any"""
    return with_member(stage, '"' + "x" * 5_000_000 + '"')


@attack(UNSAFE, "longer than")
def three_megabytes_of_text(stage: Stage) -> Given:
    """A badge longer than what is parsed"""
    return with_member(stage, '"' + "x" * 3_000_000 + '"')


@attack("proof.not_checked", "more work")
def a_megabyte_of_quotation_marks(stage: Stage) -> Given:
    """Texts of which every character has to be escaped, when read, in canonical form and in the report"""
    badge = stage.honest.award()
    badge["evidence"] = [{"type": ["Evidence"], "name": '"' * 1000} for _ in range(900)]
    return badge


@attack(NOT_A_BADGE, "not JSON")
def cut_off(stage: Stage) -> Given:
    """A badge that ends in the middle"""
    return json.dumps(stage.honest.award())[:-20]
