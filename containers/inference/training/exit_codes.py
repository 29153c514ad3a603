"""What the trainer's process says by its exit code to the job that watches it."""

from typing import Final

GATE_FAILED: Final = 3
"""The model fails cases of the behavioural suite that it must pass: it is not published."""
