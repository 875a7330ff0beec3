"""Judges what all nodes said. Pure: the same facts give the same report, on the head and in a test."""

from collections import Counter
from collections.abc import Mapping, Sequence

from ray_node.config.preflight_config import PreflightConfig
from ray_node.hardware.finding import Finding, PreflightReport
from ray_node.hardware.gpu import checks as gpu_checks
from ray_node.hardware.gpu.checks import GpuRules
from ray_node.hardware.npu import checks as npu_checks
from ray_node.hardware.npu import pings as npu_pings
from ray_node.hardware.npu.checks import NodeBoard, Rules
from ray_node.hardware.npu.pings import PingSummary
from ray_node.hardware.rdma import facts as rdma_facts
from ray_node.preflight.collective_pair import MEBIBYTES, PairResult
from ray_node.preflight.facts import NodeFacts

BANDWIDTH = "pair bandwidth"
#: Of the rate of one port. Without GPUDirect RDMA a pair reaches more; over the management network less.
_LEAST_BANDWIDTH = 0.2


def judge(
    wanted: PreflightConfig,
    facts: Sequence[NodeFacts],
    pings: Mapping[str, PingSummary] | None = None,
    pairs: Sequence[PairResult] = (),
    others: Sequence[Finding] = (),
) -> PreflightReport:
    """`pings` by node name; `others`: findings made elsewhere, e.g. of a node that did not answer."""
    nodes = boards(wanted, facts)
    findings = [*others, *_images(wanted, facts), *npu_checks.judge(nodes, rules(wanted))]
    for board in nodes:
        if pings is not None and board.node in pings:
            findings.extend(npu_pings.judge(board, pings[board.node], wanted.tolerated))
    for node in facts:
        if node.rdma is not None:
            findings.extend(rdma_facts.judge(node.subject, node.rdma, wanted.tolerated))
        if node.gpus is not None:
            findings.extend(gpu_checks.judge(node.subject, node.gpus, _gpu_rules(wanted, node)))
    across = [
        *_adapters(wanted, facts),
        *_drivers(facts),
        *_pairs(wanted, facts, pairs),
        *_bandwidths(wanted, facts, pairs),
    ]
    return PreflightReport((*findings, *across))


def boards(wanted: PreflightConfig, facts: Sequence[NodeFacts]) -> list[NodeBoard]:
    return [
        NodeBoard(node.node, node.address, node.board, wanted.device_ips.get(node.address, ()))
        for node in facts
        if node.board is not None
    ]


def rules(wanted: PreflightConfig) -> Rules:
    joined = wanted.rank_table is not None and wanted.rank_table.version == "1.2"
    return Rules(wanted.tolerated, joined, wanted.memory_share, wanted.minimum_driver)


def _gpu_rules(wanted: PreflightConfig, node: NodeFacts) -> GpuRules:
    return GpuRules(
        node.planned_accelerators, wanted.memory_share, wanted.minimum_driver, frozenset(wanted.tolerated)
    )


def _images(wanted: PreflightConfig, facts: Sequence[NodeFacts]) -> list[Finding]:
    """Every node runs the planned image; without a planned one all run the same.

    One image has one digest in its registry, but ids that differ by the image store of the engine.
    """
    known = [digest for node in facts for digest in node.image_digests]
    if not known:
        return []
    counted = Counter(known)
    # In a tie the head, which comes first, is right.
    usual = wanted.image.digest or max(counted, key=lambda digest: (counted[digest], digest == known[0]))
    said = "the plan says" if wanted.image.digest else f"{counted[usual]} of {len(facts)} nodes run"
    findings = []
    for node in facts:
        found = node.image_digests
        if not found:
            seen, fix = "the digest of its image is not known", "look at docker inspect on the host"
            findings.append(node.subject.warning("image", seen, fix))
        elif usual not in found:
            seen = f"runs {_short(found[0])}, {said} {_short(usual)}"
            fix = (
                "pull the image by its digest on every node, and deploy again; without a registry, engines "
                "with different image stores give one image different ids (docker info: Storage Driver)"
            )
            findings.append(node.subject.failed("image", seen, fix))
        else:
            findings.append(node.subject.ok("image", _short(usual)))
    return findings


def _short(digest: str) -> str:
    return digest[: len("sha256:") + 12]


def _adapters(wanted: PreflightConfig, facts: Sequence[NodeFacts]) -> list[Finding]:
    """NCCL pairs adapters by their order: a node with fewer is the slow one."""
    counts = {node.node: len(node.rdma.choice.ports) for node in facts if node.rdma is not None}
    most = max(counts.values(), default=0)
    return [
        node.subject.wrong(
            rdma_facts.ADAPTERS,
            f"{counts[node.node]} usable RDMA ports, another node has {most}",
            "look at the ports that are not used",
            rdma_facts.ADAPTERS in wanted.tolerated,
        )
        for node in facts
        if 0 < counts.get(node.node, 0) < most
    ]


def _drivers(facts: Sequence[NodeFacts]) -> list[Finding]:
    drivers = {node.node: node.gpus.driver for node in facts if node.gpus is not None and node.gpus.driver}
    if len(set(drivers.values())) < 2:
        return []
    listed = ", ".join(f"{name}: {driver}" for name, driver in drivers.items())
    fix = "install one driver version on all hosts"
    return [facts[0].subject.warning("driver", f"drivers differ: {listed}", fix)]


def _pairs(wanted: PreflightConfig, facts: Sequence[NodeFacts], pairs: Sequence[PairResult]) -> list[Finding]:
    """A pair that fails blames the node that most failing pairs share, else its second one."""
    failing = [pair for pair in pairs if pair.problem(wanted.fabric) is not None]
    share = Counter(name for pair in failing for name in (pair.first, pair.second))
    subjects = {node.node: node.subject for node in facts}
    findings = []
    for pair in pairs:
        names = f"{pair.first} and {pair.second}"
        problem = pair.problem(wanted.fabric)
        if problem is None:
            seen = f"{names}: all-reduce of {MEBIBYTES} MiB over {pair.way} in {pair.seconds:.3f} s"
            findings.append(subjects[pair.second].ok("collective", seen))
            continue
        blamed = pair.first if share[pair.first] > share[pair.second] else pair.second
        fix = "run the engine's own NCCL test between the two; look at the fabric's findings above"
        findings.append(subjects[blamed].failed("collective", f"{names}: {problem}", fix))
    return findings


def _bandwidths(
    wanted: PreflightConfig, facts: Sequence[NodeFacts], pairs: Sequence[PairResult]
) -> list[Finding]:
    """A pair that works and is slow uses another network than its adapters', or crosses a bad link."""
    nodes = {node.node: node for node in facts}
    slow = []
    for pair in pairs:
        found, one, other = pair.gigabits, _rate(nodes[pair.first]), _rate(nodes[pair.second])
        if pair.problem(wanted.fabric) is not None or found is None or one is None or other is None:
            continue
        if found < min(one, other) * _LEAST_BANDWIDTH:
            slow.append((pair, found, min(one, other)))
    share = Counter(name for pair, _, _ in slow for name in (pair.first, pair.second))
    findings = []
    for pair, found, rate in slow:
        blamed = pair.first if share[pair.first] > share[pair.second] else pair.second
        seen = f"{pair.first} and {pair.second}: {found:.1f} Gb/s over {pair.way}, one port has {rate} Gb/s"
        fix = (
            "look at the adapters' links (ibstat, mlxlink, ethtool -S: errors, pauses), at flow control "
            "of RoCE and at GPUDirect RDMA (nvidia-peermem)"
        )
        findings.append(nodes[blamed].subject.wrong(BANDWIDTH, seen, fix, BANDWIDTH in wanted.tolerated))
    return findings


def _rate(node: NodeFacts) -> int | None:
    return node.rdma.choice.gigabits if node.rdma is not None else None
