"""The feedback function: what therapists say of the model, and what the model learns from it."""

from shared.http.app import function

from . import decisions, feedback, model_versions, review_queue, tick, training_runs

handle = function(
    "ml_feedback",
    feedback.routes,
    decisions.routes,
    review_queue.routes,
    training_runs.routes,
    model_versions.routes,
    tick.routes,
)
