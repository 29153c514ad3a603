"""The fixtures that every test may ask for, by subject."""

pytest_plugins = ["tests.environment", "tests.postgres", "tests.doubles"]
