"""What dashboards are made of: a number, lines over time, and a map of how long things took."""

from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["stat", "timeseries", "heatmap"]
WINDOW: Final = "$__rate_interval"
"""Grafana puts in a window that is wide enough for what is drawn."""


@dataclass(frozen=True)
class Query:
    """PromQL, and what its series are called; `{{label}}` stands for a label's value."""

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """One picture; `says` is what to make of it."""

    kind: Kind
    title: str
    says: str
    queries: tuple[Query, ...]
    unit: str
    """Grafana's id: short, s, percentunit, reqps, bytes."""
    width: int
    """Of 24."""
    height: int
    limit: float | None = None
    """From where on it wants a look."""
    good_above: bool = False
    """Whether it is below the limit that it wants one."""
    stacked: bool = False


@dataclass(frozen=True)
class Row:
    """Pictures that belong together."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Dashboard:
    """One page."""

    name: str
    """Its uid is a place's name, a hyphen and this."""
    title: str
    says: str
    rows: tuple[Row, ...] = field(default_factory=tuple)


def number(
    title: str,
    says: str,
    expr: str,
    unit: str = "short",
    *,
    limit: float | None = None,
    good_above: bool = False,
    width: int = 4,
) -> Panel:
    """How something stands now, with its last hours behind it."""
    return Panel("stat", title, says, (Query(expr),), unit, width, 4, limit, good_above)


def lines(
    title: str,
    says: str,
    *queries: Query,
    unit: str = "short",
    limit: float | None = None,
    stacked: bool = False,
    width: int = 12,
) -> Panel:
    """How something went."""
    return Panel("timeseries", title, says, queries, unit, width, 8, limit, stacked=stacked)


def heat(title: str, says: str, histogram: str, matchers: str = "", *, unit: str = "s", width: int = 12) -> Panel:
    """How often something took how long: all of it, rather than one quantile. Points lead to a trace."""
    query = Query(f"sum by (le) (increase({histogram}_bucket{_braced(matchers)}[{WINDOW}]))", "{{le}}")
    return Panel("heatmap", title, says, (query,), unit, width, 8)


def rate(counter: str, matchers: str = "", *, by: str = "") -> str:
    """PromQL: so many a second."""
    return f"sum{_by(by)} (rate({counter}{_braced(matchers)}[{WINDOW}]))"


def rise(counter: str, matchers: str = "", *, by: str = "", over: str = WINDOW) -> str:
    """PromQL: so many in a window."""
    return f"sum{_by(by)} (increase({counter}{_braced(matchers)}[{over}]))"


def quantile(share: float, histogram: str, matchers: str = "", *, by: str = "") -> str:
    """PromQL: what a share of all stays under."""
    grouped = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({grouped}) (rate({histogram}_bucket{_braced(matchers)}[{WINDOW}])))"


def quantiles(histogram: str, matchers: str = "") -> tuple[Query, ...]:
    """The middle, and what one in twenty and one in a hundred exceeds."""
    return tuple(Query(quantile(share, histogram, matchers), name) for share, name in SHARES)


SHARES: Final = ((0.5, "half"), (0.95, "19 of 20"), (0.99, "99 of 100"))


def _braced(matchers: str) -> str:
    return f"{{{matchers}}}" if matchers else ""


def _by(labels: str) -> str:
    return f" by ({labels})" if labels else ""
