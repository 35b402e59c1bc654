"""Pages: a form to hand in a badge and the report on it."""
