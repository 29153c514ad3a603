"""Writes web/src/crisis/lines.json: the crisis lines as the client carries them, to show when no server answers."""

import json
from typing import Final

from dev.environment import ROOT
from shared.crisis_lines import ANYWHERE, BY_COUNTRY, CHECKED_ON, CrisisResource

DOCUMENT: Final = ROOT / "web" / "src" / "crisis" / "lines.json"


def as_text() -> str:
    """The lines as the client's file holds them."""
    told = {
        "checkedOn": CHECKED_ON.isoformat(),
        "anywhere": [_shown(line) for line in ANYWHERE],
        "countries": {country: [_shown(line) for line in lines] for country, lines in sorted(BY_COUNTRY.items())},
    }
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def _shown(line: CrisisResource) -> dict[str, str]:
    return line.model_dump(exclude_none=True)


if __name__ == "__main__":
    DOCUMENT.write_text(as_text(), encoding="utf-8")
    print(f"wrote {DOCUMENT.relative_to(ROOT)}")
