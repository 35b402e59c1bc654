"""The history of the backpack's tables. Every store is imported here, so that `metadata` is complete."""

from services.backpack.consents import store as _consents
from services.backpack.credentials import store as _credentials
from services.backpack.deliveries import answers as _answers
from services.backpack.deliveries import store as _deliveries
from services.backpack.identifiers import store as _identifiers
from services.backpack.learners import store as _learners
from services.backpack.sessions import store as _sessions
from services.backpack.shares import store as _shares
from services.backpack.tables import Base

STORES = (_answers, _consents, _credentials, _deliveries, _identifiers, _learners, _sessions, _shares)

metadata = Base.metadata
