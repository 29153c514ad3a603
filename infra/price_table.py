"""The dated price table and the stated usage of a user, as prices.toml gives them."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

TABLE: Final = Path(__file__).with_name("prices.toml")


@dataclass(frozen=True)
class Price:
    """What one of something costs in US dollars."""

    usd: float
    where: str
    """The list to check it against."""
    free: float = 0
    """How many a month cost nothing."""

    def of(self, quantity: float) -> float:
        """The price of so many in a month."""
        return max(quantity - self.free, 0) * self.usd


@dataclass(frozen=True)
class PriceTable:
    """Prices by name, what a user does in a month, and when both were entered."""

    entered: date
    region: str
    prices: Mapping[str, Price]
    usage: Mapping[str, float]

    def cost(self, name: str, quantity: float) -> float:
        """So many of a thing, in US dollars."""
        return self.prices[name].of(quantity)


def read(path: Path = TABLE) -> PriceTable:
    """The table of the tree."""
    found = tomllib.loads(path.read_text())
    prices = {name: Price(**price) for name, price in found["price"].items()}
    return PriceTable(found["entered"], found["region"], prices, found["usage"])
