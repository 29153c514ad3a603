"""What makes hundreds of tests quick that make HTTP clients; a folder's conftest.py imports it."""

from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest


@pytest.fixture(scope="session", autouse=True)
def few_authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test here speaks TLS: each HTTP client reads one authority's certificate instead of all, in 1 ms, not 50."""
    end = "-----END CERTIFICATE-----\n"
    one = Path(certifi.where()).read_text().partition(end)[0] + end
    file = tmp_path_factory.mktemp("authorities") / "one.pem"
    file.write_text(one)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(file))
        yield
