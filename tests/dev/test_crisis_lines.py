"""The client carries the very lines that the server shows, each country's emergency number last."""

import pytest

from dev import crisis_lines
from shared.crisis_lines import ANYWHERE, BY_COUNTRY


def test_the_clients_lines_are_the_servers() -> None:
    assert crisis_lines.DOCUMENT.read_text(encoding="utf-8") == crisis_lines.as_text(), (
        "write them again: python -m dev.crisis_lines"
    )


@pytest.mark.parametrize("country", [*BY_COUNTRY, None])
def test_the_last_of_each_countrys_is_its_emergency_number_and_the_others_are_not(country: str | None) -> None:
    *lines, emergency = BY_COUNTRY[country] if country else ANYWHERE
    assert emergency.call in {"000", "101", "111", "112", "192", "911", "995", "999"}
    assert emergency.text is None
    assert emergency.url is None
    assert lines
    assert all(line.call or line.url for line in lines)
