"""What the processes of a local cloud have used, their children included (Linux's /proc)."""

import os
from pathlib import Path

from dev.cloud import LocalCloud


def cpu_seconds(cloud: LocalCloud) -> dict[str, float]:
    """Seconds of CPU that each part, and the measuring process itself, has used so far."""
    used = {name: _of_family(cloud.pid(name)) for name in cloud.names if cloud.pid(name)}
    return {**used, "(the crowd)": sum(os.times()[:2])}


def _of_family(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0.0
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(_of_family(int(child)) for child in children)
