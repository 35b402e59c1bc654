"""Pages for people who follow the address of an issuer, an achievement or a credential."""
