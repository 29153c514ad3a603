"""The feedback function: what therapists say of the model, and what the model learns from it."""

from shared.http.app import function

from . import decisions, feedback, review_queue

handle = function("ml_feedback", feedback.routes, decisions.routes, review_queue.routes)
