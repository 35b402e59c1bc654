"""`python -m services.backpack serve | relay | consume | work | migrate | openapi | fsck`."""

from services.backpack.app import Backpack
from services.backpack.settings import BackpackSettings
from shared.process import command_line

if __name__ == "__main__":
    command_line(Backpack, BackpackSettings)()
