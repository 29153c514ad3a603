"""The fixtures that every test may ask for, by subject; and an early end of the garbage collector's looks."""

import gc

pytest_plugins = ["tests.environment", "tests.postgres", "tests.doubles", "tests.shares"]

# Millions of objects come to stay while tests are collected: looking through them again and again is a third of it.
gc.disable()


def pytest_collection_finish() -> None:
    """From here on only what tests make is looked at."""
    gc.freeze()
    gc.enable()
