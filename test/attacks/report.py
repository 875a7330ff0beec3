"""What an attack has come to: one line for each, and in the end how many were survived."""

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "lib" / "runtime"
HELPERS = ROOT / "test" / "python" / "helpers"
STAND_INS = ROOT / "test" / "attacks" / "stand_ins"
#: The long form: kills, uptimes and numbers as they are, not as a test has time for.
IS_LONG = "--long" in sys.argv


@dataclass
class Attacks:
    """Of one program. A line is `survived` or `BROKEN`, what was done, and what was seen."""

    title: str
    tried: int = 0
    broken: list[str] = field(default_factory=list)

    def result(self, name: str, survived: bool, detail: str = "") -> None:
        self.tried += 1
        if not survived:
            self.broken.append(name)
        print(f"{'survived' if survived else 'BROKEN  '}  {name}  {detail}".rstrip(), flush=True)

    def end(self) -> None:
        """Exits with 1 when something was broken."""
        whole = self.tried - len(self.broken)
        print(f"== {self.title}: tried {self.tried}, survived {whole}, broken {len(self.broken)}", flush=True)
        sys.exit(1 if self.broken else 0)


def resident_mib(pid: int | str = "self") -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def threads(pid: int | str = "self") -> int:
    return len(os.listdir(f"/proc/{pid}/task"))


def descriptors(pid: int | str = "self") -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def processor_seconds(pid: int | str = "self") -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def loaded(path: Path) -> dict[str, object]:
    """A JSON file; empty while it is not there."""
    try:
        found = json.loads(path.read_text()) if path.is_file() else {}
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError, RecursionError):
        return {}
