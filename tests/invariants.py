"""What holds for the whole table of appointments at any time: one query, run after tests that did their worst."""

from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session as Database

from shared.database.transaction import transaction

# Half-open spans: one that ends as another begins does not overlap it.
DOUBLE_BOOKINGS: Final = """
WITH occupying AS (
    SELECT id, patient_id, therapist_id, start_at, end_at, blocked_from, blocked_until
    FROM appointment
    WHERE status IN ('held', 'pending', 'booked', 'in_session')
)
SELECT 'therapist' AS whose, one.id AS one, other.id AS other
FROM occupying AS one
JOIN occupying AS other ON other.therapist_id = one.therapist_id AND other.id > one.id
WHERE one.blocked_from < other.blocked_until AND other.blocked_from < one.blocked_until
UNION ALL
SELECT 'patient' AS whose, one.id AS one, other.id AS other
FROM occupying AS one
JOIN occupying AS other ON other.patient_id = one.patient_id AND other.id > one.id
WHERE one.start_at < other.end_at AND other.start_at < one.end_at
"""


def assert_nobody_is_double_booked() -> None:
    """No two appointments that take time overlap for a therapist, buffers included, or for a patient."""
    found = _double_bookings()
    assert found == [], f"{len(found)} double bookings: {found[:5]}"


@transaction
def _double_bookings(db: Database) -> list[Row[Any]]:
    return list(db.execute(text(DOUBLE_BOOKINGS)).all())
