"""Webhooks: an organisation's events, sent to where it says, signed as Standard Webhooks says."""
