"""Ties a command's life to the process that starts it: `python -I -S dev/tether.py SIGNAL PARENT COMMAND…`.

Linux sends the signal to the command when its parent dies, however that happens; other systems do without.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def tether(signal_number: int, parent: int) -> None:
    """Have this process, and what it becomes by exec, signalled when the parent thread dies.

    A change of user takes it away again, so it is the last step before exec.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:  # it died before the call
        sys.exit(f"the process {parent} that wanted this is gone")


if __name__ == "__main__":
    tether(int(sys.argv[1]), int(sys.argv[2]))
    os.execvp(sys.argv[3], sys.argv[3:])
