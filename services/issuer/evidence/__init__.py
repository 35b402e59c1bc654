"""Evidence: files behind awards, content-addressed, served from an origin of their own."""
