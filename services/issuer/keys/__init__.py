"""Signing keys of issuer profiles: made, rotated, compromised, sealed at rest."""
