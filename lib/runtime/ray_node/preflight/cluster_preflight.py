"""Checks between `formed` and the engine's start: do the members fit together, is the engine's port free."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ray_node.channel.report import HeardReport
from ray_node.cluster.membership import Member
from ray_node.host import versions
from ray_node.host.failure import ClusterFailed, Culprit
from ray_node.host.versions import Versions

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
        f"no report from {member.name} ({member.address}): its versions and clock were not compared"
        for member in unheard(members, head_address, heard)
    ]
    reports = [
        (member, heard[member.address])
        for member in members
        if member.address is not None and member.address in heard and member.address != head_address
    ]
    for member, found in reports:
        wrong = versions.mismatch(found.report.versions, head_versions, environment)
        if wrong is not None:
            culprit = Culprit(member.name, member.address, wrong)
            return Outcome(ClusterFailed(f"{culprit}: {wrong}", culprit), tuple(warnings))
    # The head comes first: in a tie it is right.
    skews = {head_address: 0.0, **{str(member.address): found.skew_seconds for member, found in reports}}
    usual = _usual(list(skews.values()))
    whose = "the head's" if abs(usual) <= CLOCK_SKEW_SECONDS else "that of most nodes"
    for member in members:
        off = skews.get(member.address or "", usual) - usual
        if abs(off) <= CLOCK_SKEW_SECONDS:
            continue
        skew = f"{abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} {whose}"
        if abs(off) > CLOCK_SKEW_FAILS_SECONDS:
            reason = f"its clock is {skew}; set both by NTP (chronyc tracking, timedatectl)"
            culprit = Culprit(member.name, member.address, reason)
            return Outcome(ClusterFailed(f"{culprit}: {reason}", culprit), tuple(warnings))
        warnings.append(f"the clock of {member.name} ({member.address}) is {skew}")
    return Outcome(None, tuple(warnings))


def _usual(skews: Sequence[float]) -> float:
    """The clock that most nodes agree with: the head's own may be off. In a tie the first is right."""
    return max(skews, key=lambda one: sum(abs(one - other) <= CLOCK_SKEW_SECONDS for other in skews))
