"""What `hccn_tool` and `npu-smi` print, as values. Pure; `None`: the answer does not hold it.

The forms are those of public logs, the driver's documentation and vllm-ascend's guides; they differ a
little by driver version, so each is looked for by its key words alone.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass

_LOSS = re.compile(r"(\d+(?:\.\d+)?)\s*%\s*packets?\s+loss", re.IGNORECASE)
_TLS = re.compile(r"tls switch\s*\[\s*(\d)\s*\]", re.IGNORECASE)

#: `| 2     910B3   | OK            | 95.4 ...`: the first line of a chip in the table of `npu-smi info`.
_CARD = re.compile(r"^\|\s*(\d+)\s+\S+\s*\|\s*([A-Za-z]+)\s*\|", re.MULTILINE)
#: `| 0             | 0000:41:00.0  | 0   0 / 0   3401 / 65536 |`: the second one, with its memory last.
_CHIP = re.compile(r"^\|\s*(\d+)(?:\s+\d+)?\s*\|\s*[0-9A-Fa-f]{4}:\S+\s*\|.*?(\d+)\s*/\s*(\d+)\s*\|\s*$")
_PROCESS = re.compile(r"^\|\s*(\d+)\s+(\d+)\s*\|\s*(\d+)\s*\|([^|]*)\|\s*(\d+)\s*\|\s*$", re.MULTILINE)


@dataclass(frozen=True)
class NpuProcess:
    process: int
    #: Empty for a process of another container.
    program: str
    memory_mib: int

    def __str__(self) -> str:
        program = self.program or "a process of another container"
        return f"{program} (process {self.process}, {self.memory_mib} MiB)"


@dataclass(frozen=True)
class NpuChip:
    #: Card and chip, as the table numbers them.
    name: tuple[int, int]
    memory_mib: int
    #: `OK`, `Warning`, `Alarm`, `Critical`, `UNKNOWN`.
    health: str


def chips(table: str) -> tuple[NpuChip, ...]:
    """The devices in the table of `npu-smi info`, in its order."""
    found, card, health = [], None, ""
    for line in table.splitlines():
        start = _CARD.match(line)
        second = _CHIP.match(line)
        if start is not None:
            card, health = int(start.group(1)), start.group(2)
        elif second is not None and card is not None:
            found.append(NpuChip((card, int(second.group(1))), int(second.group(3)), health))
    return tuple(found)


def driver(table: str) -> str | None:
    """`| npu-smi 25.5.2                   Version: 25.5.2 |`: the first line of the table."""
    return _after(table, r"^\|\s*npu-smi\s+\S+\s+Version:\s*(\S+)")


def processes(table: str) -> Mapping[tuple[int, int], tuple[NpuProcess, ...]]:
    """The processes at the end of the same table, by card and chip."""
    found: dict[tuple[int, int], tuple[NpuProcess, ...]] = {}
    for card, chip, process, name, memory in _PROCESS.findall(table):
        key = (int(card), int(chip))
        found[key] = (*found.get(key, ()), NpuProcess(int(process), name.strip(), int(memory)))
    return found


def address(text: str) -> str | None:
    """IPv4 of `-ip -g`, `-vnic -g`."""
    return _first_address(text, r"(?:vnic\s+)?ipaddr\s*:\s*(\S+)", 4)


def address6(text: str) -> str | None:
    """A global IPv6 of `-ip -inet6 -g`."""
    for word in re.split(r"[\s,]+", re.sub(r"(?i)ip(?:v6)?\s*addr(?:ess)?\s*:", " ", text)):
        found = _address(word.partition("/")[0], 6)
        if found is not None and not ipaddress.ip_address(found).is_link_local:
            return found
    return None


def link(text: str) -> str | None:
    """`UP`, `DOWN`."""
    return _after(text, r"^\s*link status\s*:\s*(\S+)")


def health(text: str) -> str | None:
    """`Success`, `Fault`, `Init`."""
    return _after(text, r"net health status\s*:\s*(\S+)")


def netdetect(text: str) -> str | None:
    return _any_address(_after(text, r"netdetect address\s*:\s*(\S+)"))


def gateway(text: str) -> str | None:
    return _any_address(_after(text, r"default gateway\s*:\s*([^\s,]+)"))


def neighbour(text: str) -> str | None:
    """The switch port of `-lldp -g`."""
    return _after(text, r"Ifname\s*:\s*(\S+)")


def tls_switch(text: str) -> str | None:
    """`0`: off, `1`: on. Without a certificate it cannot be on."""
    found = _TLS.search(text)
    if found is not None:
        return found.group(1)
    return "0" if "no certificate found" in text.lower() else None


def packet_loss(text: str) -> float | None:
    """Per cent. `-ping` says `packet loss`, `-hccs_ping` says `packets loss`."""
    found = _LOSS.search(text)
    return None if found is None else float(found.group(1))


def super_device(text: str) -> str | None:
    """SDID of `npu-smi info -t spod-info`. 0 is a value like any other."""
    return _after(text, r"^\s*SDID\s*:\s*(\S+)")


def super_pod(text: str) -> str | None:
    """Super Pod ID of the same answer."""
    return _after(text, r"^\s*Super Pod ID\s*:\s*(\S+)")


def configured(text: str) -> Mapping[int, str]:
    """`address_N=` of /etc/hccn.conf, by N."""
    found = re.findall(r"^\s*address_(\d+)\s*=\s*(\S+)\s*$", text, re.MULTILINE)
    return {int(number): value for number, value in found if _any_address(value) is not None}


def _after(text: str, pattern: str) -> str | None:
    found = re.search(pattern, text, re.MULTILINE | re.IGNORECASE)
    return found.group(1) if found else None


def _first_address(text: str, pattern: str, version: int) -> str | None:
    return _address(_after(text, pattern) or "", version)


def _any_address(text: str | None) -> str | None:
    return _address(text or "", 4) or _address(text or "", 6)


def _address(text: str, version: int) -> str | None:
    try:
        return text if ipaddress.ip_address(text).version == version else None
    except ValueError:
        return None
