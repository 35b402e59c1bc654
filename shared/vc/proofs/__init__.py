"""Proofs: Data Integrity, embedded in the document, and JWTs around it."""
