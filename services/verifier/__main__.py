"""`python -m services.verifier serve | work | migrate | openapi | fsck`."""

from services.verifier.app import Verifier
from services.verifier.settings import VerifierSettings
from shared.process import command_line

if __name__ == "__main__":
    command_line(Verifier, VerifierSettings)()
