"""Which part listens where, and the setting that moves it."""

import random
import socket
from collections.abc import Iterable, Mapping
from typing import Final

PORTS: Final[dict[str, int]] = {
    "gateway": 3000,
    "auth": 3001,
    "appointments": 3002,
    "messages": 3003,
    "admin": 3004,
    "ml_feedback": 3005,
    "inference": 3010,
    "challenger": 3011,
    "realtime_1": 3020,
    "realtime_2": 3021,
    "upstash": 3030,
    "redis": 3031,
    "pubsub": 3040,
    "smtp": 3050,
    "zoom": 3060,
    "google": 3061,
    "oidc": 3062,
    "storage": 3070,
    "cloud_run": 3080,
    "telemetry": 3090,
}
# Below the range from which systems take ports for outgoing connections.
_FREE_RANGE = range(10_000, 32_000)


class CannotStart(Exception):
    """The local cloud cannot come up; the message is one line for whoever asked for it."""


def setting_of(part: str) -> str:
    """The environment variable that moves a part's port."""
    return f"BLOOM_PORT_{part.upper()}"


def ports_from(environment: Mapping[str, str]) -> dict[str, int]:
    """Each part's port: its setting, or the default.

    Raises CannotStart where a setting is not a port number or two parts share one.
    """
    ports = {part: _port(part, environment.get(setting_of(part), str(port))) for part, port in PORTS.items()}
    owners: dict[int, str] = {}
    for part, port in ports.items():
        if port in owners:
            raise CannotStart(f"{owners[port]} and {part} both want port {port}: set {setting_of(part)} to another")
        owners[port] = part
    return ports


def _port(part: str, value: str) -> int:
    if not value.isdecimal() or not 0 < int(value) < 65_536:
        raise CannotStart(f"{setting_of(part)} must be a port number from 1 to 65535, not {value!r}")
    return int(value)


def free_ports(parts: Iterable[str] = PORTS) -> dict[str, int]:
    """A port for each part that nothing listens on at the moment."""
    candidates = (port for port in random.sample(_FREE_RANGE, len(_FREE_RANGE)) if not in_use(port))
    return {part: next(candidates) for part in parts}


def in_use(port: int) -> bool:
    """Whether something listens on the port of this machine's loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def require_free(ports: Mapping[str, int]) -> None:
    """Raise CannotStart naming the first part whose port is taken, and the setting that moves it."""
    for part, port in ports.items():
        if in_use(port):
            raise CannotStart(f"port {port} for {part} is in use: free it, or set {setting_of(part)} to another")
