"""Where the cluster's token and a hub's token can be seen while an engine prints them in every way."""

import contextlib
import os
import resource
import sys
import threading
import time
from pathlib import Path

import support
from report import HELPERS, Attacks

from cluster import Cluster

LEAKY = """
import base64, json, sys, urllib.parse
for path in sys.argv[1:3]:
    secret = open(path).read().strip()
    words = [secret, secret * 2, secret.upper(), secret.encode().hex(), json.dumps({"token": secret})]
    words += [base64.b64encode(before + secret.encode()).decode() for before in (b"", b"a", b"ab")]
    words += [urllib.parse.quote("Bearer " + secret, safe=""), f"{secret[:9]}\\x1b[31m{secret[9:]}"]
    for word in words:
        print("say", word, flush=True)
sys.argv = ["engine", "--port", "8000"]
exec(open(%r).read())
"""


def main() -> None:
    attacks = Attacks("leaks of tokens")
    cluster = Cluster(workers=1)
    leaky, hub = cluster.root / "leaky.py", cluster.root / "hub-token"
    leaky.write_text(LEAKY % str(HELPERS / "fixtures" / "tiny_engine.py"))
    hub_token = "hf_" + "Q9" * 17
    hub.write_text(hub_token)
    path = Path(cluster.values[0]["paths"]["token"])
    model = cluster.root / "model"
    model.mkdir()
    (model / "weights").write_text("x")
    cluster.values[0] = support.changed(
        cluster.values[0],
        {
            "engine.argv": [sys.executable, str(leaky), str(path), str(hub)],
            "engine.secrets": {"HUB_TOKEN": str(hub)},
        },
    )
    cluster.write(0)
    modes: set[tuple[str, str]] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            with contextlib.suppress(OSError):
                for entry in path.parent.iterdir():
                    modes.add((entry.name[:9], oct(entry.stat().st_mode & 0o777)))

    threading.Thread(target=watch, daemon=True).start()
    os.umask(0)
    cluster.start_all()
    served = cluster.serving(60)
    time.sleep(1.0)
    over.set()
    attacks.result("the cluster serves", served, cluster.log()[-300:] if not served else "")
    token = path.read_text().strip()
    closed = all(mode == "0o600" for _, mode in modes)
    attacks.result(
        "the token's file is closed from its first moment, with umask 0", closed, str(sorted(modes))
    )
    seen = {"cmdline": 0, "environ": 0}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        for name in seen:
            with contextlib.suppress(OSError):
                seen[name] += token.encode() in Path(f"/proc/{entry}/{name}").read_bytes()
    attacks.result("the token is in no process's arguments or environment", not any(seen.values()), str(seen))
    files = [*cluster.root.rglob("*.json"), *cluster.root.rglob("*.log"), *cluster.root.rglob("log*.txt")]
    said = "".join(file.read_text(errors="replace") for file in files if file.parent != path.parent)
    for name, secret in (("the cluster's token", token), ("the hub's token", hub_token)):
        attacks.result(
            f"{name} stands in no log and no state, however it is written", not _forms_in(secret, said)
        )
    attacks.result("no escape is in a log", "\x1b" not in said)
    attacks.result("the engine was heard", said.count("say ") >= 20, str(said.count("say ")))
    core = resource.prlimit(cluster.program(0) or 0, resource.RLIMIT_CORE)[0]
    attacks.result("the node program writes no core", core == 0, str(core))
    attacks.result("no internal error", cluster.internal_errors() == 0)
    cluster.close()
    attacks.end()


def _forms_in(secret: str, said: str) -> list[str]:
    import base64

    forms = [secret, secret.upper(), secret.encode().hex()]
    forms += [base64.b64encode(bytes(at) + secret.encode()).decode()[4:40] for at in range(3)]
    return [form for form in forms if form in said]


if __name__ == "__main__":
    main()
