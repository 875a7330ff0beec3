"""Judges what the NPUs of the nodes said: the checks that vllm-ascend and LMDeploy document. Pure."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from ray_node.hardware.finding import Finding, Subject
from ray_node.hardware.npu.facts import A3, DUO, BoardFacts, NpuFacts
from ray_node.host import versions

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

    def subject(self, device: int | None = None) -> Subject:
        return Subject(self.node, self.address, None if device is None else f"NPU {device}")


@dataclass(frozen=True)
class Rules:
    """What the plan says about how strict to be."""

    #: Checks whose failures are warnings, by name.
    tolerated: Collection[str] = ()
    #: A rank table of version 1.2 joins several super pods.
    super_pods_joined: bool = False
    #: Of each NPU's memory, what the engine takes when it starts.
    memory_share: float = 0.9
    #: Oldest driver that the image's CANN was published with, e.g. `25.5`; `None`: not known.
    minimum_driver: str | None = None


def judge(boards: list[NodeBoard], rules: Rules) -> list[Finding]:
    """Everything but the pings."""
    several_pods = len(pods_of(boards)) > 1
    findings: list[Finding] = []
    for board in boards:
        findings.extend(_board(board, rules, several_pods))
    return [*findings, *_tls(boards, rules), *_addresses(boards), *_super_pods(boards, rules)]


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

    def wrong(device: int | None, check: str, seen: str, fix: str) -> Finding:
        on_a3 = facts.board == A3 and not several_pods and check in _ETHERNET
        # A 300I Duo has no network of its own: the ranks meet over the host's.
        on_duo = facts.board == DUO and check != "device"
        return board.subject(device).wrong(check, seen, fix, on_a3 or on_duo or check in rules.tolerated)

    yield from _occupation(board, rules)
    yield from _driver(board, rules)
    yield from _condition(board, rules)
    if facts.hccn_tool is None:
        seen = "not found in PATH, /usr/local/Ascend/driver/tools, /usr/local/bin, /usr/local/sbin"
        fix = "install the driver on the host; the container gets /usr/local/Ascend/driver from it"
        yield wrong(None, "hccn_tool", seen, fix)
    # Without the tool only the device nodes tell anything.
    asked = [device for device in facts.devices if facts.hccn_tool is not None or not device.present]
    failed: set[str] = set()
    for device in asked:
        for check, seen, fix in _device(device, board):
            failed.add(check)
            yield wrong(device.number, check, seen, fix)
    count = len(facts.devices)
    extra = ["vnic", "super pod"] if facts.board == A3 else []
    for check in ("device", *_ETHERNET, *extra, "tls") if facts.hccn_tool is not None else ():
        if check not in failed:
            yield board.subject().ok(check, f"{count} of {count} NPUs")


def _condition(board: NodeBoard, rules: Rules) -> Iterator[Finding]:
    """What npu-smi calls the device's health: ECC errors and temperatures are in it."""
    check = "npu health"
    for device in board.facts.devices:
        subject = board.subject(device.device)
        seen = f"npu-smi calls its health {device.condition}"
        fix = f"see npu-smi info -t health -i {device.device} and -t ecc on the host; a reset may clear it"
        if device.condition == "Critical":
            yield subject.wrong(check, seen, fix, check in rules.tolerated)
        elif device.condition in ("Warning", "Alarm"):
            yield subject.warning(check, seen, fix)


def _driver(board: NodeBoard, rules: Rules) -> Iterator[Finding]:
    """A warning: CANN is tested with older drivers, too, but new operators may need the new one."""
    check, found, oldest = "npu driver", board.facts.driver, rules.minimum_driver
    if found is None or oldest is None:
        return
    if versions.is_at_least(found, oldest):
        yield board.subject().ok(check, f"{found}, CANN of the image wants {oldest}")
        return
    seen = f"the driver is {found}, CANN of the image was published with {oldest} and newer"
    fix = "where operators fail, update driver and firmware (Ascend HDK), or use an image with an older CANN"
    yield board.subject().warning(check, seen, fix)


def _occupation(board: NodeBoard, rules: Rules) -> Iterator[Finding]:
    """Whether anybody else has the devices. An NPU belongs to one container, unless that is privileged."""
    facts, check = board.facts, "npu memory"
    if facts.refusal is not None:
        seen = f"npu-smi answers: {facts.refusal}"
        fix = (
            "end the container or process that has the NPUs: docker ps and npu-smi info on the host, or cat "
            "/proc/uda/namespace_node there"
        )
        yield board.subject().failed("npu in use", seen, fix)
        return
    for device in facts.devices:
        if device.memory_mib is None or not device.processes:
            continue
        taken = sum(process.memory_mib for process in device.processes)
        holders = ", ".join(str(process) for process in device.processes)
        subject = board.subject(device.number)
        if device.memory_mib - taken < rules.memory_share * device.memory_mib:
            seen = (
                f"{taken} of {device.memory_mib} MiB are taken, the engine takes {rules.memory_share:.0%}: "
                f"held by {holders}"
            )
            fix = "end it (npu-smi info and docker ps on the host), or lower the engine's share of the memory"
            yield subject.wrong(check, seen, fix, check in rules.tolerated)
        else:
            yield subject.warning(
                check, f"in use by {holders}", "end it if it is not meant to share this NPU"
            )
    if facts.npu_smi is not None:
        yield board.subject().ok("npu in use", "npu-smi answers")


def _device(device: NpuFacts, board: NodeBoard) -> Iterator[tuple[str, str, str]]:
    """Check, what was seen, what to do."""
    index, number = device.device, device.number
    if not device.present:
        node = f"/dev/davinci{number}"
        fix = (
            f"look for NPU {number} with npu-smi info on the host, and for {node} in the container's devices"
        )
        on_bus = board.facts.on_bus
        bus = "" if on_bus is None else f"; {on_bus} of {len(board.facts.devices)} NPUs are on the PCI bus"
        yield "device", f"{node} is not there{bus}", fix
        return
    mute = _one_answer_to_all(device)
    if mute is not None:
        fix = f"see npu-smi info on the host: NPU {number} may need a reset, or the machine a restart"
        yield "device", f"hccn_tool answers nothing else: {mute}", fix
        return
    words = device.words
    tool = f"hccn_tool -i {number}"

    def see(query: str, what: str) -> str:
        return f"see {tool} {query} -g; check {what}"

    if device.neighbour is None:
        yield "neighbour", f"no Ifname from lldp: {words('neighbour')}", see("-lldp", "the cable and LLDP")
    if device.link != "UP":
        seen = f"link status: {device.link}" if device.link else words("link")
        yield "link", seen, see("-link", "cable, module and switch port")
    if device.health != "Success":
        seen = f"net health status: {device.health}" if device.health else words("health")
        yield "health", seen, see("-net_health", "whether the netdetect address answers")
    if device.netdetect is None:
        fix = f"set it: {tool} -netdetect -s address <gateway of its network>; cable to cable there is none"
        yield "netdetect", words("netdetect"), fix
    if device.gateway is None:
        fix = f"set it: {tool} -gateway -s gateway <address>; cable to cable there is none"
        yield "gateway", words("gateway"), fix
    own = device.address or device.address6
    set_address = f"{tool} -ip -s address <address> netmask <mask>"
    if not board.facts.configuration_readable:
        fix = "mount the host's /etc/hccn.conf into the container"
        yield "hccn.conf", "/etc/hccn.conf cannot be read", fix
    elif device.configured is None:
        fix = f"set the device's address with {tool} -ip -s, which writes the file"
        yield "hccn.conf", f"no address_{number} in /etc/hccn.conf", fix
    elif device.address is not None and device.configured != device.address:
        seen = f"address_{number} is {device.configured}, the device has {device.address}"
        yield "hccn.conf", seen, f"set one of the two: {set_address}"
    if own is None:
        yield "ip", words("ip"), f"give it one: {set_address}"
    elif index < len(board.planned) and board.planned[index] not in (device.address, device.address6):
        fix = "correct deviceIps in the inventory, or the device (HCCL says EI0014)"
        yield "ip", f"the device has {own}, the plan says {board.planned[index]}", fix
    if board.facts.board == A3:
        if device.vnic is None:
            yield "vnic", words("vnic"), see("-vnic", "the super pod's set-up")
        if device.super_pod is None or device.super_device is None:
            fix = f"see npu-smi info -t spod-info -i {number // 2} -c {number % 2}"
            yield "super pod", words("super pod"), fix
    if device.tls is None:
        yield "tls", words("tls"), see("-tls", "the driver")


def _one_answer_to_all(device: NpuFacts) -> str | None:
    """The words with which the tool refuses every question about a device."""
    words = {text for check, text in (device.trouble or {}).items() if check != "super pod"}
    known = (device.link, device.health, device.tls, device.address, device.address6)
    silent = all(value is None for value in known)
    return words.pop() if silent and len(words) == 1 else None


def _tls(boards: list[NodeBoard], rules: Rules) -> Iterator[Finding]:
    """The switch must be the same on all devices of all nodes; which of the two is the site's choice."""
    check = "tls equality"
    known = [(board, device) for board in boards for device in board.facts.devices if device.tls is not None]
    switches = Counter(device.tls for _, device in known)
    if len(switches) < 2:
        for board in boards:
            if known:
                seen = f"all {len(known)} devices of the cluster have {known[0][1].tls}"
                yield board.subject().ok(check, seen)
        return
    # In a tie the first node, which is the head, is right.
    usual = max(switches, key=lambda switch: (switches[switch], switch == known[0][1].tls))
    for board, device in known:
        if device.tls != usual:
            seen = f"the TLS switch is {device.tls}, {switches[usual]} of {len(known)} devices have {usual}"
            fix = f"make them equal: hccn_tool -i {device.number} -tls -s enable {usual} (HCCL says EI0016)"
            yield board.subject(device.number).wrong(check, seen, fix, check in rules.tolerated)


def _addresses(boards: list[NodeBoard]) -> Iterator[Finding]:
    """No address twice, and one family."""
    seen: dict[str, str] = {}
    families: dict[int, Subject] = {}
    for board in boards:
        for device in board.facts.devices:
            subject, own = board.subject(device.number), device.address or device.address6
            here = f"{board.node}, NPU {device.number}"
            for address in filter(None, (own, device.vnic)):
                other = seen.setdefault(address, here)
                if other != here:
                    fix = (
                        f"give one of the two another: hccn_tool -i {device.number} -ip -s address <address>"
                    )
                    yield subject.failed("ip unique", f"{address} is also the address of {other}", fix)
            if own:
                families.setdefault(4 if device.address else 6, subject)
    if len(families) > 1:
        fix = "use one family on all devices of all nodes (HCCL says EI0001)"
        text = "some devices have IPv4 and some only IPv6 addresses"
        yield list(families.values())[1].failed("ip family", text, fix)


def _super_pods(boards: list[NodeBoard], rules: Rules) -> Iterator[Finding]:
    check = "super pod equality"
    pods = pods_of(boards)
    for board in boards:
        ids = {device.super_pod for device in board.facts.devices if device.super_pod is not None}
        if len(ids) > 1:
            seen = f"its devices belong to several super pods: {', '.join(sorted(ids))}"
            yield board.subject().failed(check, seen, "correct the super pod's set-up on the host")
    if len(pods) > 1 and not rules.super_pods_joined:
        first, *others = pods
        for pod in others:
            for board in pods[pod]:
                seen = f"Super Pod ID {pod}, {pods[first][0].node} has {first}"
                fix = "use nodes of one super pod, or ask for a rank table of version 1.2"
                yield board.subject().wrong(check, seen, fix, check in rules.tolerated)
    for pod, members in pods.items():
        seen_ids: dict[str, str] = {}
        for board in members:
            for device in board.facts.devices:
                if device.super_device is None:
                    continue
                here = f"{board.node}, NPU {device.number}"
                other = seen_ids.setdefault(device.super_device, here)
                if other != here:
                    seen = f"SDID {device.super_device} is also that of {other} in super pod {pod}"
                    fix = "correct the Server Index of one of the servers (HCCL says EI0014)"
                    yield board.subject(device.number).failed(check, seen, fix)
