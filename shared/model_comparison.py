"""What a training says of its model beside the one that serves: counts alone, by which the candidate is judged.

The training job keeps it as `comparison` in a model version's metrics; the feedback function reads it there.
"""

from typing import Annotated

from pydantic import Field

from shared.contract import Schema

KEPT_AS = "comparison"
"""Its place in `model_version.metrics`."""


class OutcomeCount(Schema):
    """How many texts held apart are of this class, were given these labels, and reached `raised` of each model."""

    truth: str
    champion: str
    candidate: str
    champion_flags: bool
    candidate_flags: bool
    count: Annotated[int, Field(ge=1)]


class CriticalCase(Schema):
    """A behavioural case of the critical class, by its name in the suite, and which of the two pass it."""

    case: str
    champion_passes: bool
    candidate_passes: bool


class ComparedModels(Schema):
    """Both models over the same texts, none of which either was trained on, and the same behavioural cases."""

    champion: str
    """The version that serves, by the name that it gives itself."""
    champion_manifest_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    champion_metrics: dict[str, object]
    champion_thresholds: dict[str, dict[str, float]]
    risk_class: str
    outcomes: list[OutcomeCount]
    critical_cases: list[CriticalCase]
    corrections: list[Annotated[int, Field(ge=0)]]
    """How many corrections each therapist gave to what the candidate learnt from, without saying who."""
