"""The issuer's own database history. `metadata` holds every table of the issuer."""

from services.issuer.achievements import store as _achievements
from services.issuer.awards import store as _awards
from services.issuer.evidence import store as _evidence
from services.issuer.keys import store as _keys
from services.issuer.profiles import store as _profiles
from services.issuer.status import store as _status
from services.issuer.tables import Base
from services.issuer.vc_api import store as _vc_api

# Importing a store is what adds its tables.
__all__ = ["_achievements", "_awards", "_evidence", "_keys", "_profiles", "_status", "_vc_api", "metadata"]

metadata = Base.metadata
