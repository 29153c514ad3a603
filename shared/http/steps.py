"""What a tick does: several things that are due at one moment, none of which may hold up another."""

from collections.abc import Callable, Mapping

from shared.problems import Unavailable
from shared.telemetry import log_exception

Steps = Mapping[str, Callable[[], object]]
"""By name, in their order; each works in bounded batches and finds nothing to do where it ran just now."""


def do_each(steps: Steps) -> None:
    """Do every step; one that fails is logged as `<name>-tick-failed`. Raises Unavailable: it is called again."""
    failed = [name for name, step in steps.items() if not _done(name, step)]
    if failed:
        raise Unavailable


def _done(name: str, step: Callable[[], object]) -> bool:
    try:
        step()
    except Exception as error:  # noqa: BLE001 - whatever it was, the other steps are due as well
        log_exception(f"{name}-tick-failed", error)
        return False
    return True
