"""The feedback function: what therapists say of the model, and what the model learns from it."""

from shared.http.app import function

from . import (
    decisions,
    drift,
    feedback,
    model_figures,
    model_versions,
    review_queue,
    rollout_start,
    rollouts,
    tick,
    training_reports,
    training_runs,
)

handle = function(
    "ml_feedback",
    feedback.routes,
    decisions.routes,
    review_queue.routes,
    training_runs.routes,
    training_reports.routes,
    model_versions.routes,
    model_figures.routes,
    rollout_start.routes,
    rollouts.routes,
    drift.routes,
    tick.routes,
)
