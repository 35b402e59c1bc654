"""Pages for people; each works without JavaScript."""
