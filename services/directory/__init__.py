"""The directory: who an organisation is, who acts for it, which issuers it has, and who vouches for whom.

Trusted with organisations' sign-in and with the key that signs access tokens; it holds no credential and no learner.

Says (public): organisation registered/changed/closed, recognition given/withdrawn.
Hears (public): issuer profiles and their keys, achievements; they become the catalogue.
"""
