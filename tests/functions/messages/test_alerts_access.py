"""Who may see and answer an alert, and who keeps the list of those on call: every route, role and relation."""

from collections.abc import Callable
from typing import Final

import pytest
from flask.testing import FlaskClient

from shared.roles import Role
from tests.functions.messages.alerting import on_call_therapists, raise_alert
from tests.people import As, Pair, Person, add_pair, add_person, end_care

ASKERS: Final = ("the patient", "own", "ended", "another's", "on call", "administrator", "nobody")
SEES: Final = (403, 200, 404, 404, 403, 403, 401)
LATER: Final = (403, 409, 404, 404, 403, 403, 401)
"""As SEES, for what comes after somebody has acknowledged it."""
ANSWERED: Final[dict[str, tuple[int, ...]]] = {
    "GET /api/alerts": (403, 200, 200, 200, 200, 200, 401),
    "GET /api/alerts/{id}": SEES,
    "POST /api/alerts/{id}/acknowledge": SEES,
    "POST /api/alerts/{id}/start": LATER,
    "POST /api/alerts/{id}/resolve": LATER,
    "POST /api/alerts/{id}/escalate": (403, 200, 404, 404, 403, 200, 401),
    "GET /api/alerts/status": (403, 403, 403, 403, 403, 200, 401),
    "GET /api/alerts/on-call": (403, 200, 200, 200, 200, 200, 401),
    "PUT /api/alerts/on-call": (403, 403, 403, 403, 403, 422, 401),
}
BODIES: Final[dict[str, dict[str, object]]] = {
    "PUT /api/alerts/on-call": {},
    "POST /api/alerts/{id}/resolve": {"version": 1, "outcome": "referred", "note": "spoke"},
}


def asker(relation: str, pair: Pair) -> Person | None:
    """Somebody who stands so to a pair whose alert is open."""
    if relation == "ended":
        end_care(pair)
    people: dict[str, Callable[[], Person | None]] = {
        "the patient": lambda: pair.patient,
        "own": lambda: pair.therapist,
        "ended": lambda: pair.therapist,
        "another's": lambda: add_pair().therapist,
        "on call": lambda: on_call_therapists(1)[0],
        "administrator": lambda: add_person(Role.ADMINISTRATOR),
        "nobody": lambda: None,
    }
    return people[relation]()


@pytest.mark.parametrize("relation", ASKERS)
@pytest.mark.parametrize("route", ANSWERED)
def test_each_route_answers_by_role_and_relation(messages: FlaskClient, pair: Pair, route: str, relation: str) -> None:
    alert = raise_alert(messages, pair)
    asking, (method, path) = As(messages, asker(relation, pair)), route.replace("{id}", str(alert.id)).split()
    given = () if method == "GET" else (BODIES.get(route, {"version": 1}),)
    answer = getattr(asking, method.lower())(path, *given)
    assert answer.status_code == ANSWERED[route][ASKERS.index(relation)]
