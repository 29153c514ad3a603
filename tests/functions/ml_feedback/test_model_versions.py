"""Every model that was registered is listed with its scores, the latest first."""

from datetime import timedelta
from uuid import uuid4

from flask.testing import FlaskClient
from sqlalchemy.orm import Session as Database

from shared.clock import now
from shared.database.models.learning import ModelStatus, ModelVersion
from shared.database.transaction import transaction
from shared.roles import Role
from tests.people import As, add_person


@transaction
def add_model(db: Database, name: str, status: ModelStatus, days_ago: int) -> None:
    db.add(
        ModelVersion(
            id=uuid4(),
            name=name,
            status=status,
            artifact_uri=f"gs://models/{name}",
            artifact_sha256=bytes(32),
            base_model="containers/inference/model",
            metrics={"macroF1": 0.79},
            thresholds={"Suicidal": {"raised": 0.2, "high": 0.6}},
            thresholds_version=name,
            created_at=now() - timedelta(days=days_ago),
        )
    )


def test_models_are_listed_the_latest_first(ml_feedback: FlaskClient) -> None:
    add_model("first", ModelStatus.CHAMPION, 9)
    add_model("second", ModelStatus.CANDIDATE, 2)
    items = As(ml_feedback, add_person(Role.ADMINISTRATOR)).get("/api/ml/models").get_json()["items"]
    assert [(item["name"], item["status"]) for item in items] == [("second", "candidate"), ("first", "champion")]
    assert items[0]["metrics"] == {"macroF1": 0.79}
    assert items[0]["thresholds"] == {"Suicidal": {"raised": 0.2, "high": 0.6}}
    assert "artifactUri" not in items[0]


def test_models_are_listed_a_page_at_a_time(ml_feedback: FlaskClient) -> None:
    for name, days_ago in (("first", 9), ("second", 2), ("third", 1)):
        add_model(name, ModelStatus.RETIRED, days_ago)
    asking = As(ml_feedback, add_person(Role.ADMINISTRATOR))
    first = asking.get("/api/ml/models", limit=2).get_json()
    assert [item["name"] for item in first["items"]] == ["third", "second"]
    second = asking.get("/api/ml/models", limit=2, cursor=first["nextCursor"]).get_json()
    assert ([item["name"] for item in second["items"]], second["nextCursor"]) == (["first"], None)
    assert asking.get("/api/ml/models", cursor="x").status_code == 422
