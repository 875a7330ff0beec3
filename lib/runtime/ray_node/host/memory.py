"""The memory of this process is its own: it holds secrets that no file holds any more."""

import ctypes

_PR_SET_DUMPABLE = 4


def close() -> None:
    """No other process may read it, or attach to this one, without CAP_SYS_PTRACE (prctl(2)).

    A program that this one starts is not affected.
    """
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
