"""Who else sees what patients trust us with: with `phi: true` a stack uses none that has not signed."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Final

from infra.secret_store import SECRETS
from infra.stack import Stack, StackSettingMalformed

COLLECTOR: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"


def _any_secret(stack: Stack, prefix: str) -> bool:
    return any(name.startswith(prefix) and name not in stack.without_secrets for name in SECRETS)


def _sees_telemetry(stack: Stack) -> bool:
    return _any_secret(stack, "grafana-") or bool(stack.deployable_settings.get(COLLECTOR))


VENDORS: Final[dict[str, Callable[[Stack], bool]]] = {
    "google": lambda _: True,
    "zoom": lambda stack: _any_secret(stack, "zoom-"),
    "cockroach": lambda stack: stack.database == "cockroachdb",
    "upstash": lambda _: True,
    "smtp": lambda _: True,
    "grafana": _sees_telemetry,
}
"""Every vendor that a stack may use, and whether it does: by its secrets and settings, not by what somebody says."""


def check(stack: Stack) -> None:
    """Refuse a stack for patients' data whose vendors have not all signed. Raises StackSettingMalformed: one line."""
    unknown = sorted(set(stack.signed) - set(VENDORS))
    if unknown:
        raise StackSettingMalformed(f"baa: {', '.join(unknown)} is no vendor of ours; they are {', '.join(VENDORS)}")
    malformed = sorted(name for name, day in stack.signed.items() if not _is_past(str(day)))
    if malformed:
        raise StackSettingMalformed(f"baa: {', '.join(malformed)}: the day it was signed, as 2026-11-30, not later")
    unsigned = [name for name, used in VENDORS.items() if used(stack) and name not in stack.signed]
    if stack.phi and unsigned:
        raise StackSettingMalformed(
            f"phi: patients' data may not reach {', '.join(unsigned)}: sign with each, then add its day under baa"
        )


def _is_past(day: str) -> bool:
    try:
        return date.fromisoformat(day) <= datetime.now(UTC).date()
    except ValueError:
        return False
