"""Fuzzing of every parser, guided by coverage (atheris, libFuzzer underneath).

`python -m tests.hostile.fuzz <target> --minutes 10` runs one target; without a target, it lists them. What was found
stands in `test_found.py`; `make test` gives every target its seeds and what was found, without atheris.
"""
