"""Who reads a patient's whole record: nobody by role alone; with an opened one, see tests/functions/admin."""

from typing import Final

import pytest
from flask.testing import FlaskClient

from shared.roles import Role
from tests.people import As, Pair, Person, add_person

ASKERS: Final = ("the patient", "their therapist", "administrator", "nobody")
CLOSED: Final = ("forbidden", "forbidden", "record-not-open", "not-signed-in")
ANSWERED: Final = {
    "GET /api/admin/patients/{id}/conversations": CLOSED,
    "GET /api/admin/patients/{id}/messages": CLOSED,
    "GET /api/admin/patients/{id}/appointments": CLOSED,
    "GET /api/admin/patients/{id}/alerts": CLOSED,
}


@pytest.mark.parametrize("asker", ASKERS)
@pytest.mark.parametrize("route", ANSWERED)
def test_no_role_opens_a_record_by_itself(messages: FlaskClient, pair: Pair, route: str, asker: str) -> None:
    people: dict[str, Person | None] = {
        "the patient": pair.patient,
        "their therapist": pair.therapist,
        "administrator": add_person(Role.ADMINISTRATOR),
        "nobody": None,
    }
    path = route.removeprefix("GET ").replace("{id}", str(pair.patient.id))
    query = {"conversationId": pair.conversation_id} if path.endswith("/messages") else {}
    answer = As(messages, people[asker]).get(path, **query)
    assert answer.status_code == (401 if asker == "nobody" else 403)
    assert answer.get_json()["type"].rpartition(":")[2] == ANSWERED[route][ASKERS.index(asker)]
