"""The whole loop as it is shown: from what therapists say to a better model for everybody, and a bad one back."""

import subprocess
import sys

import pytest

from dev.environment import ROOT, system_environment
from tests.inside import LONG

MINUTES = 25
"""It takes four on a machine of its own."""


@pytest.mark.training
@pytest.mark.skipif(not LONG, reason="trains and rolls out for minutes: BLOOM_TEST_LONG=1")
def test_feedback_becomes_a_model_that_serves_everybody_and_a_bad_one_serves_nobody() -> None:
    pytest.importorskip("torch")
    told = subprocess.run(
        [sys.executable, "-m", "dev.demo_retrain"],
        cwd=ROOT,
        env=system_environment(),
        capture_output=True,
        text=True,
        timeout=MINUTES * 60,
        check=False,
    )
    assert told.returncode == 0, told.stdout[-4000:] + told.stderr[-2000:]
    assert "the better model serves everybody, the bad one nobody" in told.stdout
