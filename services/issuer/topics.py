"""The topics that the issuer writes and the one that it reads."""

from shared.messaging.topics import PRIVATE_RETENTION, Topic

PROFILES = Topic("confer.issuer.profiles")
ACHIEVEMENTS = Topic("confer.issuer.achievements")
STATUS_LISTS = Topic("confer.issuer.status-lists")
CREDENTIALS = Topic("confer.issuer.credentials", private=True, retention=PRIVATE_RETENTION)
HOLDINGS = Topic("confer.backpack.holdings", private=True, retention=PRIVATE_RETENTION)

WRITTEN = (PROFILES, ACHIEVEMENTS, STATUS_LISTS, CREDENTIALS)
