"""The database URL's scheme chooses the way there, and a way that is not safe is refused."""

import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import certifi
import pytest
from pg8000.exceptions import InterfaceError
from sqlalchemy import Engine, text
from sqlalchemy.pool import QueuePool

from infra.migrations.local import LocalDatabase
from shared.database import engine as module
from shared.database.cockroachdb import CockroachDBOverPg8000
from shared.database.engine import build_engine
from shared.settings import SettingsError

COCKROACH = "cockroachdb+pg8000://app:secret@meek-wallaby.gcp-us-west2.cockroachlabs.cloud:26257/bloom"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Some certificate authority's file."""
    path = tmp_path / "root.crt"
    path.write_text(Path(certifi.where()).read_text())
    return path


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What pg8000 was asked to connect to; it never gets there."""
    asked: list[dict[str, Any]] = []

    def refuse(**arguments: Any) -> None:
        asked.append(arguments)
        raise InterfaceError("network error")

    monkeypatch.setattr(module, "PipelinedConnection", refuse)
    return asked


def connect(engine: Engine) -> None:
    with pytest.raises(Exception, match="network error"):
        engine.connect()


def test_cockroachdb_is_reached_with_its_certificate_and_name_verified(
    certificate: Path, calls: list[dict[str, Any]]
) -> None:
    engine = build_engine(f"{COCKROACH}?sslmode=verify-full&sslrootcert={certificate}", statement_timeout_ms=5000)
    connect(engine)

    assert isinstance(engine.dialect, CockroachDBOverPg8000)
    assert engine.dialect.name == "cockroachdb"
    (asked,) = calls
    context = asked.pop("ssl_context")
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_3
    assert asked == {
        "user": "app",
        "password": "secret",
        "host": "meek-wallaby.gcp-us-west2.cockroachlabs.cloud",
        "port": 26257,
        "database": "bloom",
        "application_name": "bloom",
        "timeout": 10.0,
        "startup_params": {
            "default_transaction_isolation": "serializable",
            "TimeZone": "UTC",
            "statement_timeout": "5000",
            "idle_in_transaction_session_timeout": "5000",
        },
    }


def test_a_url_without_sslmode_is_verified_in_full(calls: list[dict[str, Any]]) -> None:
    connect(build_engine(COCKROACH))
    assert calls[0]["ssl_context"].verify_mode is ssl.CERT_REQUIRED


def test_a_local_cockroachdb_may_do_without_tls(calls: list[dict[str, Any]]) -> None:
    connect(build_engine("cockroachdb+pg8000://root@localhost/bloom?sslmode=disable"))
    assert calls[0]["ssl_context"] is False


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("no url", "not a URL"),
        ("sqlite://", "scheme"),
        ("postgresql://user@host/db", "scheme"),
        (f"{COCKROACH}?sslmode=require", "sslmode"),
        (f"{COCKROACH}?sslmode=prefer", "sslmode"),
        (f"{COCKROACH}?sslrootcert=/nonexistent", "sslrootcert"),
        ("cloudsql+pg8000://user@/db", "PROJECT:REGION:INSTANCE"),
        ("cloudsql+pg8000://user@/db?instance=one", "PROJECT:REGION:INSTANCE"),
    ],
)
def test_a_url_that_cannot_be_followed_safely_is_refused_by_name_without_its_secret(url: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as raised:
        build_engine(url)
    assert str(raised.value).startswith("DATABASE_URL: ")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("bloom%40project.iam", {"user": "bloom@project.iam", "password": None, "enable_iam_auth": True}),
        ("bloom:secret", {"user": "bloom", "password": "secret", "enable_iam_auth": False}),
    ],
)
def test_cloud_sql_is_reached_through_googles_connector(
    monkeypatch: pytest.MonkeyPatch, who: str, expected: dict[str, Any]
) -> None:
    seen: list[Any] = []

    class Connector:
        def __init__(self, **options: Any) -> None:
            seen.append(options)

        def connect(self, instance: str, driver: str, **arguments: Any) -> None:
            seen.append((instance, driver, arguments))
            raise InterfaceError("network error")

    monkeypatch.setattr("google.cloud.sql.connector.Connector", Connector)
    engine = build_engine(f"cloudsql+pg8000://{who}@/bloom?instance=project:us-west2:main", statement_timeout_ms=5000)
    assert seen == []
    connect(engine)
    connect(engine)

    made, (instance, driver, arguments), _ = seen
    assert made == {"refresh_strategy": "lazy"}
    assert (instance, driver) == ("project:us-west2:main", "pg8000")
    assert arguments.items() >= ({"db": "bloom", "ip_type": "private"} | expected).items()
    assert arguments["startup_params"]["default_transaction_isolation"] == "serializable"


def test_every_session_is_serializable_in_utc_with_a_limit_on_statements(fresh_database: LocalDatabase) -> None:
    engine = build_engine(fresh_database.app_url, statement_timeout_ms=1234)
    with engine.connect() as connection:
        shown = [
            connection.scalar(text(f"SHOW {name}"))
            for name in ("transaction_isolation", "TimeZone", "statement_timeout", "application_name")
        ]
    engine.dispose()
    assert shown == ["serializable", "UTC", "1234ms", "bloom"]


def test_the_pool_is_as_large_as_the_setting_and_hands_out_the_last_used(fresh_database: LocalDatabase) -> None:
    engine = build_engine(fresh_database.app_url, pool_size=2)
    assert isinstance(engine.pool, QueuePool)
    assert (engine.pool.size(), engine.pool._max_overflow) == (2, 0)
    first, second = engine.connect(), engine.connect()
    last = second.connection.dbapi_connection
    first.close()
    second.close()
    with engine.connect() as again:
        assert again.connection.dbapi_connection is last
    engine.dispose()


def test_an_error_never_shows_the_parameters_of_its_statement(fresh_database: LocalDatabase) -> None:
    engine = build_engine(fresh_database.app_url)
    with engine.connect() as connection, pytest.raises(Exception, match="does_not_exist") as raised:
        connection.execute(text("SELECT :said FROM does_not_exist"), {"said": "what the patient typed"})
    engine.dispose()
    assert "patient typed" not in str(raised.value)


class Cockroach:
    """A driver's connection to a CockroachDB 25.2, as far as SQLAlchemy's first questions go."""

    ANSWERS: ClassVar = {"version()": "CockroachDB CCL v25.2.3 (x86_64-pc-linux-gnu, built 2025/07/30, go1.23.7)"}
    autocommit = False
    description = (("answer", 25, None, None, None, None, None),)
    rowcount = 1

    def __init__(self, **_: Any) -> None:
        self.py_types: dict[Any, Any] = {str: str}
        self.asked: list[str] = []

    def cursor(self) -> "Cockroach":
        return self

    def execute(self, statement: str, _: Any = ()) -> None:
        self.asked.append(statement)

    def fetchone(self) -> list[str]:
        known = (answer for part, answer in self.ANSWERS.items() if part in self.asked[-1])
        return [next(known, "serializable" if "isolation" in self.asked[-1] else "public")]

    def fetchall(self) -> list[list[str]]:
        return [self.fetchone()]

    def register_in_adapter(self, *_: Any) -> None: ...
    def commit(self) -> None: ...
    def rollback(self) -> None: ...
    def close(self) -> None: ...


def test_cockroachdbs_version_is_read_where_postgresqls_dialect_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PipelinedConnection", Cockroach)
    where = "@localhost/bloom?sslmode=disable"
    with build_engine(f"cockroachdb+pg8000://root{where}").connect() as connection:
        assert connection.dialect.name == "cockroachdb"
        assert connection.dialect.server_version_info == (9, 5, 0)
    with pytest.raises(AssertionError, match="CockroachDB"):
        build_engine(f"postgresql+pg8000://root{where}").connect()


def test_importing_the_engine_and_the_models_loads_no_cloud_client() -> None:
    program = (
        "import sys, shared.database.transaction, shared.database.models.accounts\n"
        "print([name for name in ('google.cloud.sql', 'sqlalchemy_cockroachdb', 'cryptography', 'alembic')"
        " if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
