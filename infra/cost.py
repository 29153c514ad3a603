"""`python -m infra.cost --users 1000 [--stack prod]`: the monthly bill, line by line, beside what was promised."""

import argparse
import itertools
import sys
from pathlib import Path
from typing import Final

from infra import inventory, price_table
from infra.bill import COMPUTE, DATA, HOURS, WATCH, WAY_IN, Estimate
from infra.pictures import INK, bar, page, words
from infra.price_table import PriceTable

CLAIMS: Final = ((0, 100), (1_000, 500), (10_000, 2_000), (100_000, 15_000))
"""Users and the sum promised for up to so many, in US dollars a month; 0 is development."""
DEVELOPERS: Final = 10
NODES: Final = 3
SAVING: Final = "60 to 70 %"
COLOURS: Final = {COMPUTE: "#5e9c86", WAY_IN: "#8aa9bf", DATA: "#d9b865", WATCH: "#b69fc0"}
CLAIMED: Final = "#dfe5e2"


def bill(estimate: Estimate, promised: int) -> str:
    """The bill in words: each line, the sum, and what is beside it."""
    parts = [f"{name_of(estimate)}, US dollars a month", *_warning(estimate.table)]
    for group, lines in itertools.groupby(estimate.lines(), key=lambda line: line.group):
        parts += ["", group]
        parts += [f"  {line.what:<24}{money(line.usd):>9}  {line.why}" for line in lines]
    total = estimate.total()
    parts += ["", f"{'sum':<26}{money(total):>9}  {verdict(total, promised)}", *_beside(estimate)]
    return "\n".join(parts)


def table(estimates: list[Estimate]) -> str:
    """All claims beside what they come to."""
    rows = ["", f"{'':<34}{'promised':>10}{'here':>10}"]
    for estimate, (_, promised) in zip(estimates, CLAIMS, strict=True):
        total = estimate.total()
        outcome = "met" if total <= promised else "not met"
        rows.append(f"{name_of(estimate):<34}{money(promised):>10}{money(total):>10}  {outcome}")
    return "\n".join(rows)


def picture(estimates: list[Estimate]) -> str:
    """All claims as bars: what was promised, and below it what it comes to by its parts, each pair to scale."""
    wide, left, top = 900, 190, 78
    shapes = [words(20, 32, "What a month costs, beside what was promised", size=17, bold=True)]
    at = left
    for group, colour in COLOURS.items():
        shapes += [bar(at, 48, 11, 11, colour), words(at + 16, 58, group)]
        at += 34 + 7 * len(group)
    for row, (estimate, (_, promised)) in enumerate(zip(estimates, CLAIMS, strict=True)):
        shapes += _pair(estimate, promised, left, top + 78 * row, wide - left - 130)
    last = top + 78 * len(estimates) + 22
    shapes.append(words(20, last, " ".join(_warning(estimates[0].table)), size=10.5))
    label = "; ".join(f"{name_of(each)}: {money(each.total())}" for each in estimates)
    return page(wide, last + 18, label, shapes)


def _pair(estimate: Estimate, promised: int, left: float, y: float, width: float) -> list[str]:
    total = estimate.total()
    scale = width / max(total, promised)
    title = name_of(estimate).partition(", ")
    shapes = [
        words(20, y + 22, title[2], size=14, bold=True),
        words(20, y + 40, title[0], size=11.5),
        bar(left, y + 8, promised * scale, 20, CLAIMED),
        words(left + promised * scale + 8, y + 23, f"{money(promised)} promised"),
    ]
    at = left
    for group, colour in COLOURS.items():
        length = scale * sum(line.usd for line in estimate.lines() if line.group == group)
        shapes.append(bar(at, y + 31, length, 20, colour))
        at += length
    shapes.append(f'<path d="M{left} {y + 4} V{y + 55}" stroke="{INK}" stroke-width="1"/>')
    return [*shapes, words(at + 8, y + 46, money(total), bold=True)]


def name_of(estimate: Estimate) -> str:
    """The stack and its users."""
    return f"{estimate.stack.stack}, {estimate.users:,} {'users' if estimate.stack.production else 'developers'}"


def money(usd: float) -> str:
    """So many dollars, in no more digits than an estimate has: two, from a hundred on."""
    if usd < 1:
        return "< $1"
    return f"${round(usd, -max(len(str(round(usd))) - 2, 0)) if usd >= 100 else usd:,.0f}"


def verdict(total: float, promised: int) -> str:
    """Whether a promise is kept, in words."""
    if total <= promised:
        return f"promised {money(promised)}: met"
    return f"promised {money(promised)}: not met, {total / promised:.1f} times as much"


def _warning(known: PriceTable) -> list[str]:
    day = f"Prices for {known.region} entered {known.entered:%d %B %Y} from memory of public lists;"
    return [day, "check infra/prices.toml before relying on a sum."]


def _beside(estimate: Estimate) -> list[str]:
    cost = estimate.table.cost
    compute = sum(line.usd for line in estimate.lines() if line.group == COMPUTE)
    cluster = cost("gke_cluster_hour", HOURS) + cost("gke_node_hour", NODES * HOURS)
    rows = [
        "",
        "beside it, in no sum",
        f"  {'a GKE cluster':<24}{money(cluster):>9}  {NODES} nodes that always run, instead of compute"
        f" ({money(compute)}): a saving of {_percent(1 - compute / cluster)}, promised {SAVING}",
    ]
    if estimate.stack.production:
        hosts = estimate.users / estimate.table.usage["patients_a_therapist"]
        rows.append(f"  {'Zoom licences':<24}{money(cost('zoom_host', hosts)):>9}  {hosts:,.0f} therapists")
    return rows


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def estimates() -> list[Estimate]:
    """One for each claim, of the stacks in the tree."""
    known = price_table.read()
    dev, prod = inventory.collect("dev"), inventory.collect("prod")
    return [Estimate(prod if users else dev, users or DEVELOPERS, known) for users, _ in CLAIMS]


def promise(stack: str, users: int) -> int:
    """The sum promised for so many: that of the next larger number, and development's for all but production."""
    if stack != "prod":
        return CLAIMS[0][1]
    return next((usd for most, usd in CLAIMS[1:] if users <= most), CLAIMS[-1][1])


def main(arguments: list[str]) -> None:
    """Print the bill and the claims; with --picture also draw them."""
    parser = argparse.ArgumentParser(prog="python -m infra.cost", description=__doc__)
    parser.add_argument("--users", type=int, help="of the stack; 1,000 in prod and 10 elsewhere, if not said")
    parser.add_argument("--stack", default="prod", help="dev, qa, prod or pr-N")
    parser.add_argument("--database", choices=("cockroachdb", "cloud-sql"), help="instead of what the stack says")
    parser.add_argument("--picture", type=Path, metavar="FILE.svg", help="where to draw the claims as bars")
    asked = parser.parse_args(arguments)
    users = asked.users if asked.users is not None else 1_000 if asked.stack == "prod" else DEVELOPERS
    changed = {"database": asked.database} if asked.database else {}
    chosen = Estimate(inventory.collect(asked.stack, **changed), users, price_table.read())
    claims = estimates()
    sys.stdout.write(f"{bill(chosen, promise(asked.stack, users))}\n{table(claims)}\n")
    if asked.picture:
        asked.picture.write_text(picture(claims))


if __name__ == "__main__":
    main(sys.argv[1:])
