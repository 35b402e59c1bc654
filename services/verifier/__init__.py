"""The verifier: says of a badge what can be checked, and how it turned out.

Owns: organisations' policies, the jobs of bulk verification, and a cache of public facts (DID documents, status lists,
recognitions). Says nothing about a credential or a person: that would tell an issuer who is being hired.
Hears: changed status lists, changed keys and changed recognitions, and drops what it held of them.
Trusts: nothing it is given. Keeps: nothing of an anonymous verification; a job's inputs only until it is done.
"""
