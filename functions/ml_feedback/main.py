"""The feedback function: what therapists say of the model, and what the model learns from it."""

from shared.http.app import function

handle = function("ml_feedback")
