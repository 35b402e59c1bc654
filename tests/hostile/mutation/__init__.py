"""Every format's valid credentials, each changed in every place: none of the changed ones may stand.

`python -m tests.hostile.mutation` tries all of them and prints how many; `make test` a share.
"""
