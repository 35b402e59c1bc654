"""Bulk rows: the short forms of CSV written out."""

import pytest

from services.issuer.awards.bulk import award_input
from shared.http.problems import Unparseable


def test_short_forms_are_written_out() -> None:
    row = {
        "email": "ada@x.example",
        "recipient": {"name": "Ada"},
        "subject": {"result": '[{"value": "1"}]', "creditsEarned": "2.5", "role": "Author"},
        "evidence": '[{"evidence": "0"}]',
    }
    assert award_input(row, {"achievement": "a"}) == {
        "achievement": "a",
        "recipient": {"name": "Ada", "type": "emailAddress", "identity": "ada@x.example"},
        "subject": {"result": [{"value": "1"}], "creditsEarned": 2.5, "role": "Author"},
        "evidence": [{"evidence": "0"}],
    }
    assert award_input({"achievement": "b"}, {"achievement": "a"}) == {"achievement": "b"}


@pytest.mark.parametrize(
    "row", [{"subject": "{"}, {"evidence": "x"}, {"subject": {"result": '{"a":1,"a":2}'}}]
)
def test_what_should_be_json_and_is_not(row: dict[str, object]) -> None:
    with pytest.raises(Unparseable):
        award_input(row, {})
