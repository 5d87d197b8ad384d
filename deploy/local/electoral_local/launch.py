"""Run by file, before each child: ties it to its parent's life, drops root if asked, then execs.

    python -I -S launch.py PARENT_PID DEATH_SIGNAL USER_ID PROGRAM [ARGUMENT...]

A program of its own because code between fork and exec of a threaded parent is not safe, and so
that it starts in milliseconds it imports nothing but the standard library's smallest parts.
USER_ID 0 means: stay who you are.
"""

import ctypes
import os
import struct
import sys

# Numbers from linux/prctl.h and linux/capability.h.
_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC_OVERRIDE = 1


def _call(name: str, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")


def die_with_parent(parent_pid: int, death_signal: int) -> None:
    """Linux only. A parent that died before we could ask is seen by its changed pid."""
    if not sys.platform.startswith("linux"):
        return
    _call("prctl", _PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent_pid:
        sys.exit(1)


def drop_root(user_id: int) -> None:
    """Become `user_id`, keeping only the right to pass through directories closed to it.

    Postgres refuses to run as root; but root's own folders (a checkout or a virtual environment
    below /root) are often closed to anyone else, and hold the programs and the data.
    """
    keep = sys.platform.startswith("linux")
    if keep:
        _call("prctl", _PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(user_id)
    os.setuid(user_id)
    if keep:
        _keep_passage()


def _keep_passage() -> None:
    wanted = 1 << _CAP_DAC_OVERRIDE
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    sets = struct.pack("=6I", wanted, wanted, wanted, 0, 0, 0)
    try:
        _call("capset", header, sets)
        _call("prctl", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)
    except OSError:
        return  # a container without that right: it works wherever the folders are open


def main(arguments: list[str]) -> None:
    parent_pid, death_signal, user_id = (int(number) for number in arguments[:3])
    if user_id:
        drop_root(user_id)
    # After the change of user, which clears it.
    die_with_parent(parent_pid, death_signal)
    os.execvp(arguments[3], arguments[3:])  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main(sys.argv[1:])
