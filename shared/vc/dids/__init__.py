"""Decentralised identifiers and controlled identifier documents: did:key, did:web, did:jwk and https."""

from .documents import KeyProblem, ResolvedKey, VerificationMethod, find_method
from .resolve import resolve_document, retrieve
from .web import (
    DocumentKey,
    did_web,
    did_web_url,
    web_document,
)

__all__ = [
    "DocumentKey",
    "KeyProblem",
    "ResolvedKey",
    "VerificationMethod",
    "did_web",
    "did_web_url",
    "find_method",
    "resolve_document",
    "retrieve",
    "web_document",
]
