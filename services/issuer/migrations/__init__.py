"""The issuer's own database history."""
