"""Times in mails: hand-computed for days on which clocks are set, odd offsets, and a law that has just changed."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.appointments.mail_times import Clock
from shared.time_zones import zone

LENGTH = timedelta(minutes=50)
NBSP, DASH = "\u00a0", "\u2013"


@pytest.mark.parametrize(
    ("time_zone", "start", "day", "hours", "place"),
    [
        # The night of the 8th of March 2026: 02:00 becomes 03:00 in New York.
        (
            "America/New_York",
            "2026-03-08T06:30",
            "Sunday, 8 March 2026",
            "01:30-03:20",
            "New York, GMT-05:00 / GMT-04:00",
        ),
        ("America/New_York", "2026-03-08T07:00", "Sunday, 8 March 2026", "03:00-03:50", "New York, GMT-04:00"),
        # The night of the 25th of October 2026: 03:00 becomes 02:00 in Berlin, so that 02:30 comes twice.
        (
            "Europe/Berlin",
            "2026-10-25T00:30",
            "Sunday, 25 October 2026",
            "02:30-02:20",
            "Berlin, GMT+02:00 / GMT+01:00",
        ),
        ("Europe/Berlin", "2026-10-25T01:30", "Sunday, 25 October 2026", "02:30-03:20", "Berlin, GMT+01:00"),
        # British Columbia keeps its summer time from March 2026 on: on the 5th of November it is still seven hours.
        ("America/Vancouver", "2026-11-05T17:00", "Thursday, 5 November 2026", "10:00-10:50", "Vancouver, GMT-07:00"),
        (
            "America/Los_Angeles",
            "2026-11-05T17:00",
            "Thursday, 5 November 2026",
            "09:00-09:50",
            "Los Angeles, GMT-08:00",
        ),
        ("Asia/Kathmandu", "2026-03-03T09:00", "Tuesday, 3 March 2026", "14:45-15:35", "Kathmandu, GMT+05:45"),
        (
            "Australia/Lord_Howe",
            "2026-10-03T16:00",
            "Sunday, 4 October 2026",
            "03:00-03:50",
            "Lord Howe Island, GMT+11:00",
        ),
        ("Pacific/Apia", "2026-03-03T12:00", "Wednesday, 4 March 2026", "01:00-01:50", "Apia, GMT+13:00"),
        (
            "America/Argentina/Buenos_Aires",
            "2026-03-03T02:30",
            "Monday, 2 March 2026",
            "23:30-00:20",
            "Buenos Aires, GMT-03:00",
        ),
        ("UTC", "2026-03-03T09:00", "Tuesday, 3 March 2026", "09:00-09:50", "GMT+00:00"),
        ("Etc/GMT+5", "2026-03-03T09:00", "Tuesday, 3 March 2026", "04:00-04:50", "GMT-05:00"),
    ],
)
def test_a_time_is_what_clocks_show(time_zone: str, start: str, day: str, hours: str, place: str) -> None:
    start_at = datetime.fromisoformat(start).replace(tzinfo=UTC)
    shown = Clock(time_zone, "en-GB").span(start_at, start_at + LENGTH)
    assert shown.lines == (day, hours.replace("-", f" {DASH} "), place)


@pytest.mark.parametrize(
    ("language", "day", "hours"),
    [
        ("en", "Thursday, November 5, 2026", f"9:00{NBSP}AM {DASH} 9:50{NBSP}AM"),
        ("en-AU", "Thursday, 5 November 2026", f"9:00{NBSP}am {DASH} 9:50{NBSP}am"),
        ("es", "jueves, 5 de noviembre de 2026", f"9:00 {DASH} 9:50"),
        ("es-MX", "jueves, 5 de noviembre de 2026", f"9:00{NBSP}a.m. {DASH} 9:50{NBSP}a.m."),
        ("pt", "quinta-feira, 5 de novembro de 2026", f"09:00 {DASH} 09:50"),
        ("fr", "jeudi 5 novembre 2026", f"09:00 {DASH} 09:50"),
        ("fr-CA", "jeudi 5 novembre 2026", f"09{NBSP}h{NBSP}00 {DASH} 09{NBSP}h{NBSP}50"),
        ("de", "Donnerstag, 5. November 2026", f"09:00 {DASH} 09:50 Uhr"),
        # Neither Babel nor anybody else knows these regions' habits: those of the language.
        ("es-DE", "jueves, 5 de noviembre de 2026", f"9:00 {DASH} 9:50"),
        ("de-XX-1996", "Donnerstag, 5. November 2026", f"09:00 {DASH} 09:50 Uhr"),
        # No words in Italian, so no dates in Italian among English words.
        ("it-CH", "Thursday, November 5, 2026", f"9:00{NBSP}AM {DASH} 9:50{NBSP}AM"),
    ],
)
def test_a_region_s_habits_are_kept(language: str, day: str, hours: str) -> None:
    start_at = datetime(2026, 11, 5, 17, tzinfo=UTC)
    shown = Clock("America/Los_Angeles", language).span(start_at, start_at + LENGTH)
    assert shown.day == day
    assert shown.hours.replace(" h", f"{NBSP}h").replace("h ", f"h{NBSP}") == hours


@given(
    day=st.integers(0, 6500),
    name=st.sampled_from(["Asia/Kathmandu", "America/Vancouver", "Europe/Dublin", "Africa/Casablanca", "Asia/Tehran"]),
)
def test_the_distance_to_greenwich_is_the_pinned_release_s(day: int, name: str) -> None:
    at = datetime(2020, 1, 1, 12, tzinfo=UTC) + timedelta(days=day)
    place = Clock(name, "en").span(at, at + LENGTH).place
    offset = at.astimezone(zone(name)).strftime("%z")
    assert place.endswith(f"GMT{offset[:3]}:{offset[3:]}")


def test_a_zone_that_the_release_lacks_is_taken_for_utc() -> None:
    start_at = datetime(2026, 3, 3, 9, tzinfo=UTC)
    assert Clock("Mars/Olympus_Mons", "en").span(start_at, start_at + LENGTH).place == "GMT+00:00"


def test_a_start_of_the_function_loads_no_calendars_and_no_languages_of_the_world() -> None:
    modules = "mails", "calendar_download", "reminders"
    program = (
        f"import sys, {', '.join(f'functions.appointments.{module}' for module in modules)}\n"
        "print([name for name in ('babel', 'icalendar') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
