"""Work allowed for one document, counted by the algorithms themselves: the same input costs the same everywhere."""

from shared.vc.errors import BudgetExceeded

# One unit is roughly a microsecond on a machine of 2020; a hostile badge ends below a tenth of a second.
DEFAULT_UNITS = 60_000


class Budget:
    """Units of work left. One budget may be shared by several steps over the same document."""

    __slots__ = ("left",)

    def __init__(self, units: int = DEFAULT_UNITS) -> None:
        self.left = units

    def charge(self, units: int) -> None:
        """Take units for work that is done already, as far as there are some: whatever comes next pays for it."""
        self.left = max(0, self.left - units)

    def spend(self, units: int) -> None:
        """Take units; raises BudgetExceeded when there are not enough."""
        self.left -= units
        if self.left < 0:
            raise BudgetExceeded
