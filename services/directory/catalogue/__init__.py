"""The public catalogue: what issuers announced about themselves and their achievements."""
