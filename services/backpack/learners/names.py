"""Logins: compared without regard to case and width, kept as they were typed."""

import unicodedata

from services.backpack.learners.store import PASSWORD
from services.backpack.vault import Vault

SUBJECT = "login.subject"
NAME = "learner.name"


def normalise_login(login: str) -> str:
    """The form in which logins are compared: two that look alike on a keyboard are one."""
    return unicodedata.normalize("NFKC", login).strip().casefold()


def login_lookup(vault: Vault, login: str) -> str:
    return vault.lookup(f"login:{PASSWORD}", normalise_login(login))
