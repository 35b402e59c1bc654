"""The issuer: issuer profiles and their signing keys, achievements, evidence, awards and status lists.

Trusted with signing keys and evidence, and with nothing of the other three services. Where it is switched on, instances
of the VC-API sign credentials that are no badges, with keys of their own.

Says (public): profile registered/changed/closed, key added/retired/compromised, achievement published/archived,
status list changed. Says (private, keyed by credential id): credential issued/replaced/revoked/suspended/reinstated.
Hears: what the backpack answers about delivered credentials (stored, accepted, declined, removed, holder erased).
"""
