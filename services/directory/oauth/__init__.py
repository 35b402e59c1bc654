"""The OAuth 2.0 authorization server: tokens, keys, codes, consent."""
