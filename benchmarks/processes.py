"""What the processes of a local cloud have used, their children included (Linux's /proc)."""

import os
from pathlib import Path

from dev.cloud import LocalCloud


def cpu_seconds(cloud: LocalCloud) -> dict[str, float]:
    """Seconds of CPU that each part, and the measuring process itself, has used so far."""
    used = {name: family_seconds(cloud.pid(name)) for name in cloud.names if cloud.pid(name)}
    return {**used, "(the crowd)": sum(os.times()[:2])}


def family_seconds(pid: int) -> float:
    """Seconds of CPU that a process and its children have used so far; 0 where it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0.0
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(family_seconds(int(child)) for child in children)
