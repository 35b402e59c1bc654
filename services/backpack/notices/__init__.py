"""Mails to learners: what they say, and how they get into the queue with what they tell of."""

from services.backpack.notices.post import Notice, Post

__all__ = ["Notice", "Post"]
