"""What a preflight found: node, device, check, what was seen, what to do. For machines and for people."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass

from ray_node.channel import plain
from ray_node.host import json_input, table

OK = "ok"
WARNING = "warning"
FAILED = "failed"

#: Checks whose failure a plan may turn into a warning: as in lib/catalog/preflight-checks.json.
TOLERABLE = frozenset(
    (
        *("neighbour", "link", "health", "netdetect", "gateway", "hccn.conf", "ping", "tls"),
        *("super pod equality", "npu memory", "npu health"),
        *("gpu driver", "gpu memory", "gpu health", "rdma adapters", "pair bandwidth"),
    )
)


@dataclass(frozen=True)
class Finding:
    """The outcome of one check on one node or one of its devices."""

    node: str
    address: str | None
    #: `NPU 3`, `mlx5_0:1`; `None`: the node itself.
    device: str | None
    check: str
    outcome: str
    seen: str
    #: What to do; empty where nothing is wrong.
    fix: str = ""

    @property
    def subject(self) -> str:
        where = f"{self.node} ({self.address})" if self.address else self.node
        return f"{where}, {self.device}" if self.device else where

    @property
    def words(self) -> str:
        """Without the node."""
        device = f"{self.device}: " if self.device else ""
        text = f"{device}{self.check}: {self.seen}"
        return f"{text}; {self.fix}" if self.fix else text

    def __str__(self) -> str:
        text = f"{self.subject}: {self.check}: {self.seen}"
        return f"{text}; {self.fix}" if self.fix else text


@dataclass(frozen=True)
class Subject:
    """The node, or one of its devices, that is checked."""

    node: str
    address: str | None
    device: str | None = None

    def ok(self, check: str, seen: str) -> Finding:
        return Finding(self.node, self.address, self.device, check, OK, seen)

    def warning(self, check: str, seen: str, fix: str) -> Finding:
        return Finding(self.node, self.address, self.device, check, WARNING, seen, fix)

    def failed(self, check: str, seen: str, fix: str) -> Finding:
        return Finding(self.node, self.address, self.device, check, FAILED, seen, fix)

    def wrong(self, check: str, seen: str, fix: str, tolerated: bool) -> Finding:
        """A failure, or a warning where the plan tolerates the check; the failure says how to tolerate it."""
        if tolerated:
            return self.warning(check, seen, fix)
        way = f"; to go on with a warning, name '{check}' in toleratedChecks" if check in TOLERABLE else ""
        return self.failed(check, seen, f"{fix}{way}")


@dataclass(frozen=True)
class PreflightReport:
    """All findings of all nodes."""

    findings: tuple[Finding, ...]

    @property
    def failures(self) -> tuple[Finding, ...]:
        return tuple(item for item in self.findings if item.outcome == FAILED)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(item for item in self.findings if item.outcome == WARNING)

    def as_json(self) -> str:
        outcome = FAILED if self.failures else WARNING if self.warnings else OK
        value = {"schema": 1, "outcome": outcome, "findings": plain.encode(self.findings)}
        return json.dumps(value, indent=1, ensure_ascii=False) + "\n"

    def as_text(self) -> str:
        """Failures first, then warnings, each with its remedy; what is well is only counted, by check."""
        lines = []
        for title, group in (("failed", self.failures), ("warning", self.warnings)):
            for item in group:
                lines.append(f"{title}: {item.subject}: {item.check}: {item.seen}")
                if item.fix:
                    lines.append(f"         {item.fix}")
        well = [item for item in self.findings if item.outcome == OK]
        nodes = list(dict.fromkeys(item.node for item in well))
        rows = [
            (node, ", ".join(dict.fromkeys(item.check for item in well if item.node == node)))
            for node in nodes
        ]
        if rows:
            lines.extend(table.render(("NODE", "PASSED"), rows, indent=""))
        return "\n".join(lines)


#: In the head's state folder.
REPORT_FILE = "preflight.json"


def show(state_folder: str, as_json: bool) -> int:
    """Print the head's last report. Returns 0 unless something has failed, 2 without a report."""
    try:
        found = json_input.read_file(os.path.join(state_folder, REPORT_FILE))
        findings = plain.decode(PreflightReport, found)
    except (OSError, ValueError, plain.NotPlain) as error:
        print(f"no report in {state_folder}: the head writes one before it starts the engine ({error})")
        return 2
    print(json.dumps(found, indent=1) if as_json else findings.as_text())
    return 1 if findings.failures else 0


def first_words(findings: Sequence[Finding], limit: int = 3) -> str:
    """The findings as one line, for the state's reason."""
    shown = "; ".join(str(item) for item in findings[:limit])
    more = len(findings) - limit
    return f"{shown}; and {more} more" if more > 0 else shown
