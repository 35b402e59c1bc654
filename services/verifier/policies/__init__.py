"""Policies: what has to hold for a badge to be accepted, by name or given with the item."""
