"""Recognition statements: one organisation vouching for an issuer, for what, from when until when, and why."""
