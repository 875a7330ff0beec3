"""The sockets of a real Ray: two machines with the node program as it is planned, and a stranger beside them.

Run by a Python that has `ray[default]` and `grpcio`; `run.py` does so for each. Needs the compiled library.
"""

import json
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

import namespaces
import support
from report import HELPERS, IS_LONG, ROOT, Attacks

from ray_node.agent import state

RAY = metadata.version("ray")
SUBNET = "10.89.252"
ADDRESSES = [f"{SUBNET}.10", f"{SUBNET}.11"]
FILTER = ROOT / "lib/bootstrap/rootfs/usr/local/lib/ray-cluster/packet-filter.sh"
SCAN = ROOT / "test/support/port_scan.py"
#: A session of Ray Client, as a person at a terminal has one.
CLIENT = """
import sys, ray
ray.init(sys.argv[1])
@ray.remote(num_cpus=0)
def f():
    return "answered"
print(ray.get(f.remote()), flush=True)
sys.stdin.read()
"""


def facts(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((ROOT / "lib/catalog" / name).read_text())
    return rows


#: What Ray itself opens, and nobody asked for: the catalogue's rows that have a flag or a variable.
RAYS_OWN = {row["name"] for row in facts("ray-ports.json") if row["flag"] or row["variable"]}
#: Planned where they listen on more than the loopback.
SESSIONS = next(
    range(row["from"], row["to"] + 1)
    for row in facts("reserved-ports.json")
    if row["name"] == "client-sessions"
)


def planned() -> dict[str, Any]:
    """Two hosts as the library plans them."""
    program = ["node", str(ROOT / "test/attacks/hosts_plan.cjs"), RAY, *ADDRESSES, f"{SUBNET}.0/24"]
    value: dict[str, Any] = json.loads(subprocess.run(program, check=True, capture_output=True).stdout)
    return value


def runnable(config: dict[str, Any], folder: Path, index: int) -> dict[str, Any]:
    """The planned node.json for a machine without accelerators; what it says of Ray and ports stays."""
    devices = folder / f"dev{index}"
    devices.mkdir()
    for number in range(8):
        (devices / f"davinci{number}").touch()
    engine = [sys.executable, str(HELPERS / "fixtures/tiny_engine.py"), "--port", "8000", "--nodes", "2"]
    return support.changed(
        config,
        {
            "node.accelerators.deviceGlob": str(devices / "davinci[0-9]*"),
            "preflight": support.example()["preflight"],
            "ray.cpus": 1,
            "ray.objectStoreBytes": 100 * 2**20,
            "engine.argv": [*engine, "--break", str(folder / "break")],
            "deadlines": {**config["deadlines"], "hold": 0.5},
            "paths.state": str(folder / "state"),
            "paths.token": str(folder / "ray-token"),
            "paths.engineLog": str(folder / f"log{index}"),
        },
    )


class Site:
    """Two machines with two networks and IPv6 each, and a stranger who is on all of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.network = namespaces.Network()
        self.plan = planned()
        self.machines = []
        for index, (node, address) in enumerate(zip(self.plan["nodes"], ADDRESSES, strict=True)):
            config = folder / f"npu-{index}.json"
            config.write_text(json.dumps(runnable(node["config"], folder, index)))
            machine = namespaces.Machine(self.network, address, folder, config)
            for other in self.addresses(index)[1:]:
                machine.execute(
                    "ip", "address", "add", other + _length(other), "dev", "eth0", *_at_once(other)
                )
            self.machines.append(machine)
        self.stranger = self.network.attach(f"{SUBNET}.99")
        for other in ("172.31.5.99", "fd77::99"):
            words = ["address", "add", other + _length(other), "dev", "eth0", *_at_once(other)]
            subprocess.run(["ip", "-n", self.stranger, *words], check=True)

    def addresses(self, index: int) -> list[str]:
        return [ADDRESSES[index], f"172.31.5.1{index}", f"fd77::1{index}"]

    def filter(self, action: str) -> None:
        """As on hosts, before the container."""
        for machine, node in zip(self.machines, self.plan["nodes"], strict=True):
            words = [
                *(
                    "env",
                    f"FILTER_FOLDER={self.folder}/filter-{node['config']['node']['name']}",
                    "SYSTEMD_RUN_FOLDER=/none",
                    "bash",
                ),
                str(FILTER),
            ]
            done = machine.execute(*words, given="\n".join(node["filter"][action]) + "\n")
            if done.returncode != 0:
                raise AssertionError(done.stderr)

    def scanned(self, *addresses: str) -> list[set[int]]:
        """What answers the stranger, of each machine, at any of these addresses."""
        words = ["ip", "netns", "exec", self.stranger, sys.executable, str(SCAN), *addresses]
        lines = subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()
        found = {line.split()[0]: {int(port) for port in line.split()[1:]} for line in lines}
        return [
            set().union(*(found.get(address, set()) for address in self.addresses(index)))
            for index in range(2)
        ]

    def bound(self, index: int) -> dict[int, str]:
        """Ports of the machine, and where each listens: `all`, `node` or `loopback`."""
        kinds: dict[int, set[str]] = {}
        for line in self.machines[index].execute("ss", "-Hltn").stdout.splitlines():
            address, _, port = line.split()[3].rpartition(":")
            kinds.setdefault(int(port), set()).add(
                self._kind(index, address.strip("[]").removeprefix("::ffff:"))
            )
        return {
            port: next(kind for kind in ("all", "node", "loopback", "another") if kind in found)
            for port, found in kinds.items()
        }

    def _kind(self, index: int, address: str) -> str:
        known = {"*": "all", "0.0.0.0": "all", "::": "all", "127.0.0.1": "loopback", "::1": "loopback"}
        return {**known, ADDRESSES[index]: "node"}.get(address, "another")

    def close(self) -> None:
        for machine in self.machines:
            machine.close()
        self.network.close()


def _length(address: str) -> str:
    return "/64" if ":" in address else "/24"


def _at_once(address: str) -> list[str]:
    return ["nodad"] if ":" in address else []


def unlike_the_plan(plan: dict[str, Any], index: int, bound: dict[int, str]) -> list[str]:
    """Sockets that the plan does not have, or has elsewhere; and those that it has and nobody opened."""
    rows = [row for row in plan["ports"] if index == 0 or row["where"] == "node"]
    has_token = plan["nodes"][index]["config"]["ray"]["authentication"] == "token"
    opened = RAYS_OWN if has_token else RAYS_OWN - {"dashboard"}
    wrong = []
    for port, kind in sorted(bound.items()):
        row = next((row for row in rows if row["from"] <= port <= row["to"]), None)
        if row is None and kind == "loopback" and port in SESSIONS:
            continue
        if row is None or row.get("listensOn", "all") != kind:
            wrong.append(f"{port} listens on {kind}, planned: {row and (row['name'], row.get('listensOn'))}")
    for row in rows:
        if row["name"] in opened and not any(row["from"] <= port <= row["to"] for port in bound):
            wrong.append(f"{row['name']} {row['from']} is not open")
    return wrong


def client_session(site: Site) -> tuple["subprocess.Popen[str] | None", str]:
    """As the owner's programs are started, on the worker. Ray itself fails at times on a busy machine."""
    config = str(site.folder / "npu-1.json")
    run = (sys.executable, "-m", "ray_node", "run", "--config", config, "--")
    said = ""
    for _ in range(3):
        client = site.machines[1].session(*run, sys.executable, "-c", CLIENT, f"ray://{ADDRESSES[0]}:10001")
        said = ""
        for line in client.stdout or ():
            if line == "answered\n":
                return client, ""
            said += line
        client.communicate()
    return None, said


def main() -> None:
    attacks = Attacks(f"ports of Ray {RAY}")
    with tempfile.TemporaryDirectory(prefix="ray-cluster-attack-") as name:
        folder = Path(name)
        site = Site(folder)
        try:
            site.filter("apply")
            for machine in site.machines:
                machine.start()
            try:
                support.await_state(state.path_of(f"{folder}/state", "npu-0"), "serving", 150)
            except AssertionError as error:
                logs = "".join(machine.log.read_text() for machine in site.machines)
                raise AssertionError(f"{error}\n{logs}") from error
            attack(site, attacks)
        finally:
            site.close()
    attacks.end()


def attack(site: Site, attacks: Attacks) -> None:
    client, said = client_session(site)
    attacks.result("a member has a session of Ray Client", client is not None, said)
    api = next(socket for socket in site.plan["sockets"] if socket["what"] == "API")
    head, worker = site.addresses(0), site.addresses(1)
    found = site.scanned(*head, *(worker if IS_LONG else worker[:1]))
    attacks.result(
        "with the packet filter a stranger reaches what the review names, at every address",
        found == [{int(port) for port in api["ports"]}, set()],
        shown(found),
    )
    bound = [site.bound(index) for index in range(2)]
    for index, of_machine in enumerate(bound):
        wrong = unlike_the_plan(site.plan, index, of_machine)
        attacks.result(
            f"the sockets of the {'worker' if index else 'head'} are those of the plan, where it says",
            not wrong,
            f"{len(of_machine)} sockets {wrong}",
        )
    site.filter("remove")
    found = site.scanned(head[0], worker[0])
    reached = [{port for port, kind in of_machine.items() if kind != "loopback"} for of_machine in bound]
    attacks.result("without it, the stranger reaches the rest", found == reached, shown(found))
    if client is not None:
        client.communicate("")


def shown(found: list[set[int]]) -> str:
    return f"head {sorted(found[0])}, worker {sorted(found[1])}"


if __name__ == "__main__":
    main()
