"""Issuer profiles: who awards, under which DID, with which public Open Badges Profile."""
