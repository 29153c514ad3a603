"""`python -m infra.rules` writes what Prometheus watches, from the list of objectives, into infra/prometheus/rules."""

from pathlib import Path
from typing import Any, Final

import yaml

from infra.objectives import ALERTS, Alert

FILE: Final = Path(__file__).parent / "prometheus" / "rules" / "bloom.yaml"
HEAD: Final = "# Written by `python -m infra.rules` from infra/objectives.py; a test says whether it still is.\n"


def written() -> str:
    """The file's text: https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/"""
    groups = [{"name": "bloom", "rules": [_rule(alert) for alert in ALERTS]}]
    return HEAD + yaml.safe_dump({"groups": groups}, sort_keys=False, width=10_000, allow_unicode=True)


def _rule(alert: Alert) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": alert.query,
        "for": f"{alert.minutes}m",
        "labels": {"severity": alert.urgency},
        "annotations": {"summary": alert.says, "runbook": alert.runbook},
    }


if __name__ == "__main__":
    FILE.write_text(written())
