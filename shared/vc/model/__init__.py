"""The structure of Open Badges 3.0: classes, properties, cardinalities, enumerations, and a check of them."""

from .check import check, check_class, lint
from .enumerations import (
    ACHIEVEMENT_TYPES,
    IDENTIFIER_TYPES,
    RESULT_STATUSES,
    RESULT_TYPES,
    TARGET_TYPES,
)
from .findings import Finding

__all__ = [
    "ACHIEVEMENT_TYPES",
    "IDENTIFIER_TYPES",
    "RESULT_STATUSES",
    "RESULT_TYPES",
    "TARGET_TYPES",
    "Finding",
    "check",
    "check_class",
    "lint",
]
