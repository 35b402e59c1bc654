"""The verifier's own database history."""

from services.verifier.policies import store as _policies
from services.verifier.tables import Base

__all__ = ["metadata"]

metadata = Base.metadata
assert _policies.PolicyRow.metadata is metadata  # importing it is what puts its table there
