"""What all tests of functions stand on."""

from tests.authorities import few_authorities  # noqa: F401 - a fixture of every test here
