"""Verifying a badge: from bytes of unknown origin to a report."""

from shared.vc.baking import Unrecognised

from .case import Expected
from .limits import Limits
from .pipeline import verify
from .presentations import PresentationReport, verify_presentation
from .proven import ProvenLists
from .recipient import Applicant

__all__ = [
    "Applicant",
    "Expected",
    "Limits",
    "PresentationReport",
    "ProvenLists",
    "Unrecognised",
    "verify",
    "verify_presentation",
]
