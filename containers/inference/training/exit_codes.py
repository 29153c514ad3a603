"""What the trainer's process says by its exit code to the job that watches it."""

from typing import Final

GATE_FAILED: Final = 3
"""The model fails cases of the behavioural suite that it must pass: it is not published."""
TOO_LITTLE_TO_CALIBRATE: Final = 4
"""No text that was held apart is of the risk class: no thresholds can be chosen, and nothing was taught."""
NOTHING_TO_LEARN: Final = 5
"""Every text is of those that are held apart: nothing was taught."""
