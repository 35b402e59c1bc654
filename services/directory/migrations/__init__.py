"""The directory's own database history."""

# Imported for their tables: the metadata is complete only when every noun has been.
from services.directory.catalogue import store as _catalogue
from services.directory.clients import store as _clients
from services.directory.members import store as _members
from services.directory.oauth import store as _oauth
from services.directory.organisations import store as _organisations
from services.directory.recognitions import store as _recognitions
from services.directory.sessions import store as _sessions
from services.directory.tables import metadata

__all__ = ["metadata"]

_ALL = (_catalogue, _clients, _members, _oauth, _organisations, _recognitions, _sessions)
