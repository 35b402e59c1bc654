"""The backpack: learners, the badges they hold, what they import and what they share.

Trusted with learners' personal data, and with nothing of the other three services. Names, addresses and the bytes of
badges are encrypted at rest; who an award is for is found by a keyed hash, never by scanning.

Says (private, keyed by credential id): credential stored/accepted/declined/removed, holder erased.
Hears (private): credential issued/replaced/revoked/suspended/reinstated. What is delivered is verified here, like
anything from outside, before it is kept.
"""
