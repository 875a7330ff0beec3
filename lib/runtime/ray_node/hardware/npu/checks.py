"""Judges what the NPUs of the nodes said: the checks that vllm-ascend and LMDeploy document. Pure."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from ray_node.hardware.finding import FAILED, OK, WARNING, Finding
from ray_node.hardware.npu.boards import A3, DUO
from ray_node.hardware.npu.facts import BoardFacts, NpuFacts

#: Checks of the devices' Ethernet plane. An A3 super pod runs over HCCS, and fleets are known whose links are
#: DOWN while hccs_ping works (public field report, id 62531664375).
_ETHERNET = ("neighbour", "link", "health", "netdetect", "gateway", "hccn.conf", "ip")


@dataclass(frozen=True)
class NodeBoard:
    """A node and what it said."""

    node: str
    address: str
    facts: BoardFacts
    #: Device addresses of the plan, by device; empty: none given.
    planned: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rules:
    """What the plan says about how strict to be."""

    #: Checks whose failures are warnings, by name.
    tolerated: Collection[str] = ()
    #: A rank table of version 1.2 joins several super pods.
    super_pods_joined: bool = False


def judge(boards: list[NodeBoard], rules: Rules) -> list[Finding]:
    """Everything but the pings."""
    several_pods = len(pods_of(boards)) > 1
    findings: list[Finding] = []
    for board in boards:
        findings.extend(_board(board, rules, several_pods))
    return [
        *findings,
        *_tls(boards, rules),
        *_addresses(boards),
        *_super_pods(boards, rules),
    ]


def pods_of(boards: list[NodeBoard]) -> dict[str, list[NodeBoard]]:
    """A3: nodes by the Super Pod ID of their first device that knows it."""
    pods: dict[str, list[NodeBoard]] = {}
    for board in boards:
        ids = [device.super_pod for device in board.facts.devices if device.super_pod is not None]
        if ids:
            pods.setdefault(ids[0], []).append(board)
    return pods


def _board(board: NodeBoard, rules: Rules, several_pods: bool) -> Iterator[Finding]:
    facts = board.facts

    def found(device: NpuFacts | None, check: str, seen: str, fix: str) -> Finding:
        on_a3 = facts.board == A3 and not several_pods and check in _ETHERNET
        # A 300I Duo has no network of its own: the ranks meet over the host's.
        on_duo = facts.board == DUO and check != "device"
        outcome = WARNING if on_a3 or on_duo or check in rules.tolerated else FAILED
        return _finding(board, device, check, outcome, seen, fix)

    if facts.hccn_tool is None:
        yield found(
            None,
            "hccn_tool",
            "not found in PATH, /usr/local/Ascend/driver/tools, /usr/local/bin, /usr/local/sbin",
            "install the driver on the host; the container gets /usr/local/Ascend/driver from it",
        )
    # Without the tool only the device nodes tell anything.
    asked = [device for device in facts.devices if facts.hccn_tool is not None or not device.present]
    wrong: set[str] = set()
    for device in asked:
        for check, seen, fix in _device(device, board):
            wrong.add(check)
            yield found(device, check, seen, fix)
    count = len(facts.devices)
    for check in _checks_of(facts.board) if facts.hccn_tool is not None else ():
        if check not in wrong:
            yield _finding(board, None, check, OK, f"{count} of {count} NPUs")


def _checks_of(board: str) -> list[str]:
    extra = ["vnic", "super pod"] if board == A3 else []
    return ["device", *_ETHERNET, *extra, "tls"]


def _device(device: NpuFacts, board: NodeBoard) -> Iterator[tuple[str, str, str]]:
    """Check, what was seen, what to do."""
    number = device.device
    if not device.present:
        node = f"/dev/davinci{number}"
        yield (
            "device",
            f"{node} is not there",
            f"look for NPU {number} with npu-smi info on the host, and for {node} in the container's devices",
        )
        return
    mute = _one_answer_to_all(device)
    if mute is not None:
        yield (
            "device",
            f"hccn_tool answers nothing else: {mute}",
            f"see npu-smi info on the host: NPU {number} may need a reset, or the machine a restart",
        )
        return
    trouble = device.words
    tool = f"hccn_tool -i {number}"
    if device.neighbour is None:
        yield (
            "neighbour",
            f"no Ifname from lldp: {trouble('neighbour')}",
            _see(tool, "-lldp", "the cable and LLDP"),
        )
    if device.link != "UP":
        yield (
            "link",
            f"link status: {device.link}" if device.link else trouble("link"),
            _see(tool, "-link", "cable, module and switch port"),
        )
    if device.health != "Success":
        yield (
            "health",
            f"net health status: {device.health}" if device.health else trouble("health"),
            _see(tool, "-net_health", "whether the netdetect address answers"),
        )
    if device.netdetect is None:
        yield (
            "netdetect",
            trouble("netdetect"),
            f"set it: {tool} -netdetect -s address <gateway of its network>",
        )
    if device.gateway is None:
        yield "gateway", trouble("gateway"), f"set it: {tool} -gateway -s gateway <address>"
    own = device.address or device.address6
    if not board.facts.configuration_readable:
        yield (
            "hccn.conf",
            "/etc/hccn.conf cannot be read",
            "mount the host's /etc/hccn.conf into the container",
        )
    elif device.configured is None:
        yield (
            "hccn.conf",
            f"no address_{number} in /etc/hccn.conf",
            f"set the device's address with {tool} -ip -s, which writes the file",
        )
    elif own is not None and device.address is not None and device.configured != own:
        yield (
            "hccn.conf",
            f"address_{number} is {device.configured}, the device has {own}",
            f"set one of the two: {tool} -ip -s address <address> netmask <mask>",
        )
    if own is None:
        yield "ip", trouble("ip"), f"give it one: {tool} -ip -s address <address> netmask <mask>"
    elif number < len(board.planned) and board.planned[number] not in (device.address, device.address6):
        yield (
            "ip",
            f"the device has {own}, the plan says {board.planned[number]}",
            "correct deviceIps in the inventory, or the device (HCCL says EI0014)",
        )
    if board.facts.board == A3:
        if device.vnic is None:
            yield "vnic", trouble("vnic"), _see(tool, "-vnic", "the super pod's set-up")
        if device.super_pod is None or device.super_device is None:
            yield (
                "super pod",
                trouble("super pod"),
                f"see npu-smi info -t spod-info -i {number // 2} -c {number % 2}",
            )
    if device.tls is None:
        yield "tls", trouble("tls"), _see(tool, "-tls", "the driver")


def _one_answer_to_all(device: NpuFacts) -> str | None:
    """The words with which the tool refuses every question about a device."""
    words = {text for check, text in (device.trouble or {}).items() if check != "super pod"}
    silent = all(
        value is None for value in (device.link, device.health, device.tls, device.address, device.address6)
    )
    return words.pop() if silent and len(words) == 1 else None


def _see(tool: str, query: str, what: str) -> str:
    return f"see {tool} {query} -g; check {what}"


def _tls(boards: list[NodeBoard], rules: Rules) -> Iterator[Finding]:
    """The switch must be the same on all devices of all nodes; which of the two is the site's choice."""
    known = [(board, device) for board in boards for device in board.facts.devices if device.tls is not None]
    switches = Counter(device.tls for _, device in known)
    if len(switches) < 2:
        for board in boards:
            if known:
                seen = f"all {len(known)} devices of the cluster have {known[0][1].tls}"
                yield _finding(board, None, "tls equality", OK, seen)
        return
    # In a tie the first node, which is the head, is right.
    usual = max(switches, key=lambda switch: (switches[switch], switch == known[0][1].tls))
    for board, device in known:
        if device.tls != usual:
            yield _finding(
                board,
                device,
                "tls equality",
                WARNING if "tls equality" in rules.tolerated else FAILED,
                f"the TLS switch is {device.tls}, {switches[usual]} of {len(known)} devices have {usual}",
                f"make them equal: hccn_tool -i {device.device} -tls -s enable {usual} (HCCL says EI0016)",
            )


def _addresses(boards: list[NodeBoard]) -> Iterator[Finding]:
    """No address twice, and one family."""
    seen: dict[str, str] = {}
    families: dict[int, tuple[NodeBoard, NpuFacts]] = {}
    kinds: tuple[Callable[[NpuFacts], str | None], ...] = (
        lambda device: device.address or device.address6,
        lambda device: device.vnic,
    )
    for board in boards:
        for device in board.facts.devices:
            for kind in kinds:
                address = kind(device)
                if address is None:
                    continue
                here = f"{board.node}, NPU {device.device}"
                other = seen.setdefault(address, here)
                if other != here:
                    fix = (
                        f"give one of the two another: hccn_tool -i {device.device} -ip -s address <address>"
                    )
                    yield _finding(
                        board, device, "ip unique", FAILED, f"{address} is also the address of {other}", fix
                    )
            if device.address or device.address6:
                families.setdefault(4 if device.address else 6, (board, device))
    if len(families) > 1:
        board, device = list(families.values())[1]
        yield _finding(
            board,
            device,
            "ip family",
            FAILED,
            "some devices have IPv4 and some only IPv6 addresses",
            "use one family on all devices of all nodes (HCCL says EI0001)",
        )


def _super_pods(boards: list[NodeBoard], rules: Rules) -> Iterator[Finding]:
    pods = pods_of(boards)
    for board in boards:
        ids = {device.super_pod for device in board.facts.devices if device.super_pod is not None}
        if len(ids) > 1:
            seen = f"its devices belong to several super pods: {', '.join(sorted(ids))}"
            yield _finding(
                board, None, "super pod equality", FAILED, seen, "correct the super pod's set-up on the host"
            )
    if len(pods) > 1 and not rules.super_pods_joined:
        first, *others = pods
        for pod in others:
            for board in pods[pod]:
                yield _finding(
                    board,
                    None,
                    "super pod equality",
                    WARNING if "super pod equality" in rules.tolerated else FAILED,
                    f"Super Pod ID {pod}, {pods[first][0].node} has {first}",
                    "use nodes of one super pod, or ask for a rank table of version 1.2",
                )
    for pod, members in pods.items():
        seen_ids: dict[str, str] = {}
        for board in members:
            for device in board.facts.devices:
                if device.super_device is None:
                    continue
                here = f"{board.node}, NPU {device.device}"
                other = seen_ids.setdefault(device.super_device, here)
                if other != here:
                    seen = f"SDID {device.super_device} is also that of {other} in super pod {pod}"
                    fix = "correct the Server Index of one of the servers (HCCL says EI0014)"
                    yield _finding(board, device, "super pod equality", FAILED, seen, fix)


def _finding(
    board: NodeBoard, device: NpuFacts | None, check: str, outcome: str, seen: str, fix: str = ""
) -> Finding:
    name = None if device is None else f"NPU {device.device}"
    return Finding(board.node, board.address, name, check, outcome, seen, fix)
