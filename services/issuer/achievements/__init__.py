"""Achievements: what can be awarded. Draft, published under a permanent id per version, archived."""
