"""Sign-in of members: sessions, shown once, hashed at rest."""
