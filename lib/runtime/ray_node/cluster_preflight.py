"""Checks between `formed` and the engine's start: do the members fit together, is the engine's port free."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ray_node import versions
from ray_node.failure import ClusterFailed, Culprit
from ray_node.membership import HeardReport, Member
from ray_node.versions import Versions

CLOCK_SKEW_SECONDS = 60.0
#: Certificates, signed addresses and the order of events across logs go wrong before this.
CLOCK_SKEW_FAILS_SECONDS = 300.0
#: How long a member's report may be missing before its versions stay uncompared.
REPORT_WAIT_SECONDS = 10.0


@dataclass(frozen=True)
class Outcome:
    problem: ClusterFailed | None
    warnings: tuple[str, ...]


def unheard(members: Sequence[Member], head_address: str, heard: Mapping[str, HeardReport]) -> list[Member]:
    """Members whose report has not come yet."""
    return [
        member
        for member in members
        if member.address is not None and member.address != head_address and member.address not in heard
    ]


def judge(
    members: Sequence[Member],
    head_address: str,
    head_versions: Versions,
    heard: Mapping[str, HeardReport],
    environment: Mapping[str, str],
) -> Outcome:
    """Compare what the members reported. One without a report only warns: Ray has compared versions, too."""
    warnings = [
        f"no report from {member.name} ({member.address}): its versions and its clock are not compared"
        for member in unheard(members, head_address, heard)
    ]
    for member in members:
        found = heard.get(member.address or "")
        if found is None or member.address == head_address:
            continue
        wrong = versions.mismatch(found.report.versions, head_versions, environment)
        if wrong is not None:
            reason = f"{member.name} ({member.address}): {wrong}"
            return Outcome(
                ClusterFailed(reason, Culprit(member.name, member.address, wrong)), tuple(warnings)
            )
        if abs(found.skew_seconds) > CLOCK_SKEW_SECONDS:
            skew = f"{abs(found.skew_seconds):.0f} s {'ahead of' if found.skew_seconds > 0 else 'behind'}"
            if abs(found.skew_seconds) > CLOCK_SKEW_FAILS_SECONDS:
                reason = f"its clock is {skew} the head's; set both by NTP (chronyc tracking, timedatectl)"
                culprit = Culprit(member.name, member.address, reason)
                return Outcome(ClusterFailed(f"{culprit}: {reason}", culprit), tuple(warnings))
            warnings.append(f"the clock of {member.name} ({member.address}) is {skew} the head's")
    return Outcome(None, tuple(warnings))
