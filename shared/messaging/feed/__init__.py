"""The feed: what a service published, by organisation, in an order that never changes behind a reader."""
