"""How a stand-in behaves: as `STAND_IN_BEHAVIOUR` says, or a file that a test may write while it runs."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

#: What the stand-ins know and remember of their earlier starts, in this container alone.
FOLDER = Path(os.environ.get("STAND_IN_FOLDER", "/var/lib/stand-ins"))
CHOICE = "behaviour"

NORMAL = "normal"
SLOW_START = "slow-start"
CRASH_ONCE = "crash-once"
CRASH_ALWAYS = "crash-always"
FOLLOWER_CRASH_ALWAYS = "follower-crash-always"
HEALTH_503 = "health-503"
COMPLETION_500 = "completion-500"
HANG = "hang"
WRONG_PORT = "wrong-port"
EXIT_3 = "exit-3"
ALL = (
    NORMAL,
    SLOW_START,
    CRASH_ONCE,
    CRASH_ALWAYS,
    FOLLOWER_CRASH_ALWAYS,
    HEALTH_503,
    COMPLETION_500,
    HANG,
    WRONG_PORT,
    EXIT_3,
)

SLOW_SECONDS = 6.0
CRASH_CODE = 7


def chosen() -> str:
    """The file goes before the variable. An unknown name ends the program: a test with a typo must fail."""
    file = FOLDER / CHOICE
    name = file.read_text().strip() if file.exists() else os.environ.get("STAND_IN_BEHAVIOUR", NORMAL)
    if name not in ALL:
        sys.exit(f"stand-in: there is no behaviour '{name}'")
    return name


def begin(name: str, is_follower: bool = False) -> None:
    """What happens before anything of the engine is up: nothing, a wait, or a crash."""
    if name == SLOW_START and not is_follower:
        say(f"takes {SLOW_SECONDS:g} s to start")
        time.sleep(SLOW_SECONDS)
    if name == (FOLLOWER_CRASH_ALWAYS if is_follower else CRASH_ALWAYS):
        crash(name)
    if name == CRASH_ONCE and not is_follower and is_first(name):
        crash(name)


def is_first(name: str) -> bool:
    """Whether this is asked for the first time in this container."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        (FOLDER / f"{name}.done").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def crash(name: str) -> None:
    say(f"crashes, since its behaviour is {name}")
    sys.exit(CRASH_CODE)


def say(text: str) -> None:
    print(f"stand-in: {text}", flush=True)
