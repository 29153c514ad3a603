"""Every dashboard, for every place that has them, and the file that each is written to."""

import json
from pathlib import Path
from typing import Final

from infra.dashboards import auth, booking, cost, database, messaging, model, overview
from infra.dashboards.layout import laid_out

PLACES: Final = ("bloom-qa", "bloom-production")
DASHBOARDS: Final = tuple(page.DASHBOARD for page in (overview, auth, booking, messaging, model, database, cost))
FOLDER: Final = Path(__file__).resolve().parents[1] / "grafana" / "dashboards"


def files() -> dict[Path, str]:
    """The text of each file."""
    return {
        FOLDER / place / f"{dashboard.name}.json": json.dumps(laid_out(dashboard, place), indent=1) + "\n"
        for place in PLACES
        for dashboard in DASHBOARDS
    }
