"""Verifications: one item or many, each answered with a report."""
