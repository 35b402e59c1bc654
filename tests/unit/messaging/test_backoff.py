from shared.db import DatabaseUnavailable
from shared.messaging.backoff import Backoff, is_temporary
from shared.messaging.log import LogUnavailable, RecordRefused


def test_pauses_double_up_to_the_longest_and_start_again() -> None:
    backoff = Backoff(first=1, longest=5)
    pauses = [backoff.next() for _ in range(50)]
    for pause, most in zip(pauses, [1, 2, 4, *[5] * 47], strict=True):
        assert most / 2 <= pause <= most
    backoff.reset()
    assert backoff.next() <= 1


def test_absence_is_temporary_and_refusal_is_not() -> None:
    for error in (LogUnavailable(), DatabaseUnavailable(), ConnectionResetError(), TimeoutError()):
        assert is_temporary(error)
    for error in (RecordRefused(), ValueError(), KeyError()):
        assert not is_temporary(error)
