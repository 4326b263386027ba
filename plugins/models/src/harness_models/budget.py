"""Money: the worst case of a call is set aside before it is sent, so that no number of calls at once exceeds it."""

from decimal import Decimal


class Budget:
    """What may be spent, what was, and what is set aside for calls on their way; without a limit, only counted.

    It is used by one thread, so that asking and setting aside are one step.
    """

    def __init__(self, limit: Decimal | None, spent: Decimal = Decimal(0)) -> None:
        self.limit = limit
        self.spent = spent
        self.reserved = Decimal(0)

    @property
    def left(self) -> Decimal:
        """Return what may still be set aside."""
        return (self.limit or Decimal(0)) - self.spent - self.reserved

    def reserve(self, worst: Decimal) -> bool:
        """Set the worst case of a call aside; false if it might exceed what is left."""
        if self.limit is not None and self.spent + self.reserved + worst > self.limit:
            return False
        self.reserved += worst
        return True

    def settle(self, worst: Decimal, cost: Decimal) -> None:
        """Count what a call cost in place of its worst case."""
        self.reserved -= worst
        self.spent += cost
