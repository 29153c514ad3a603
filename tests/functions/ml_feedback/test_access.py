"""Who may do what in the feedback function: every public route, for every role and every relation."""

from typing import Final
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.models.care import CareStatus
from shared.database.models.profiles import CredentialsStatus
from shared.roles import Role
from tests.functions.ml_feedback.analyses import add_analysis
from tests.people import As, add_pair, add_person, change_licence, end_care, rows

# What each role is answered where it names nothing of its own and sends an empty body (patient, therapist,
# administrator); nobody at all gets 401.
BY_ROLE: Final[dict[str, tuple[int, int, int]]] = {
    "POST /api/ml/feedback": (403, 422, 403),
    "PATCH /api/ml/feedback/{id}": (403, 422, 403),
    "GET /api/ml/feedback": (403, 200, 200),
    "GET /api/ml/feedback/decisions": (403, 403, 200),
    "GET /api/ml/review-queue": (403, 200, 403),
    "GET /api/ml/review-queue/size": (403, 200, 403),
    "POST /api/ml/retrain": (403, 403, 409),
    "GET /api/ml/training-runs": (403, 403, 200),
    "GET /api/ml/training-runs/{id}": (403, 403, 404),
    "GET /api/ml/training-runs/{id}/report": (403, 403, 404),
    "GET /api/ml/models": (403, 403, 200),
    "GET /api/ml/models/{id}/figures": (403, 403, 404),
    "POST /api/ml/models/{id}/try-again": (403, 403, 404),
    "POST /api/ml/rollouts": (403, 403, 422),
    "GET /api/ml/rollouts": (403, 403, 200),
    "GET /api/ml/rollouts/current": (403, 403, 404),
    "POST /api/ml/rollouts/advance": (403, 403, 422),
    "POST /api/ml/rollouts/rollback": (403, 403, 422),
    "GET /api/ml/drift": (403, 403, 200),
}


def ask(client: FlaskClient, role: Role | None, route: str) -> int:
    method, path = route.split()
    asking = As(client, add_person(role) if role else None)
    return int(getattr(asking, method.lower())(path.replace("{id}", str(uuid4()))).status_code)


def test_the_table_here_names_every_public_route(ml_feedback: FlaskClient) -> None:
    paths = ml_feedback.get("/openapi.json").get_json()["paths"]
    assert {f"{method.upper()} {path}" for path in paths for method in paths[path]} == set(BY_ROLE)


@pytest.mark.parametrize("role", [*Role, None])
@pytest.mark.parametrize("route", BY_ROLE)
def test_each_route_hears_whom_it_states(ml_feedback: FlaskClient, route: str, role: Role | None) -> None:
    expected = dict(zip((Role.PATIENT, Role.THERAPIST, Role.ADMINISTRATOR), BY_ROLE[route], strict=True))
    assert ask(ml_feedback, role, route) == (expected[role] if role else 401)


@pytest.mark.parametrize(
    ("relation", "status"),
    [("own", 201), ("ended", 404), ("requested", 404), ("declined", 404), ("another's", 404), ("none", 404)],
)
def test_an_analysis_is_judged_inside_care_alone(ml_feedback: FlaskClient, relation: str, status: int) -> None:
    pair = add_pair(CareStatus(relation) if relation in ("requested", "declined") else CareStatus.ACCEPTED)
    analysis_id = uuid4() if relation == "none" else add_analysis(pair)
    if relation == "ended":
        end_care(pair)
    asker = add_pair().therapist if relation == "another's" else pair.therapist
    answer = As(ml_feedback, asker).post("/api/ml/feedback", {"analysisId": str(analysis_id), "isCorrect": True})
    assert answer.status_code == status
    outcomes = [entry.outcome for entry in rows(select(AuditEvent).where(AuditEvent.action == "feedback.give"))]
    assert outcomes == [AuditOutcome.SUCCESS if status == 201 else AuditOutcome.DENIED]


def test_one_s_own_answer_is_not_revised_once_care_has_ended(ml_feedback: FlaskClient) -> None:
    pair = add_pair()
    therapist = As(ml_feedback, pair.therapist)
    given = therapist.post("/api/ml/feedback", {"analysisId": str(add_analysis(pair)), "isCorrect": True}).get_json()
    end_care(pair)
    revised = {"isCorrect": True, "revision": 1}
    assert therapist.patch(f"/api/ml/feedback/{UUID(given['id'])}", revised).status_code == 404


@pytest.mark.parametrize("route", [route for route in BY_ROLE if BY_ROLE[route][1] != 403])
def test_without_a_licence_nothing_is_judged_or_seen(ml_feedback: FlaskClient, route: str) -> None:
    pair = add_pair()
    analysis_id = add_analysis(pair)
    change_licence(pair.therapist, CredentialsStatus.REJECTED)
    method, path = route.split()
    body = {
        "POST /api/ml/feedback": {"analysisId": str(analysis_id), "isCorrect": True},
        "PATCH /api/ml/feedback/{id}": {"isCorrect": True, "revision": 1},
    }.get(route)
    asking = As(ml_feedback, pair.therapist)
    given = (body,) if body else ()
    answer = getattr(asking, method.lower())(path.replace("{id}", str(uuid4())), *given)
    assert (answer.status_code, answer.get_json()["type"].rpartition(":")[2]) == (403, "licence-not-verified")
