"""The node program as another user than root, as an image with a user of its own would start it.

Containers get user 0. Where somebody starts one otherwise, the volume is root's, and the program must say so.
"""

import os
from pathlib import Path

from report import Attacks

from cluster import Cluster

_USER = 1000
#: It may read everything, for Python may lie in a folder of root's here; it writes what is its own.
_READS = "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"


def cluster_of_user(*own: str) -> Cluster:
    """One node. `own`: folders below the cluster's that belong to the user."""
    cluster = Cluster(workers=0)
    for folder in own:
        os.chown(cluster.root / folder, _USER, _USER)
    user = f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups"
    cluster.prefix[0] = ["setpriv", *user, *_READS, "--"]
    cluster.start(0)
    return cluster


def main() -> None:
    attacks = Attacks("another user")
    cluster = cluster_of_user()
    folder = cluster.values[0]["paths"]["state"]
    ended = cluster.until(lambda: cluster.processes[0].poll() is not None, 20)
    said = cluster.log().strip().splitlines()[-1:]
    named = bool(said) and folder in said[0] and "Permission denied" in said[0]
    attacks.result("a volume of root's ends it, and is named", ended and named, str(said))
    attacks.result("without an internal error", cluster.internal_errors() == 0)
    cluster.close()

    cluster = cluster_of_user("n0", ".")
    served = cluster.serving(60)
    attacks.result("with folders of its own it serves", served, cluster.log()[-300:])
    kept = Path(cluster.values[0]["paths"]["token"])
    mode = oct(kept.stat().st_mode & 0o777) if kept.exists() else "none"
    attacks.result("and its token is closed to others", mode == "0o600", mode)
    cluster.close()
    attacks.end()


if __name__ == "__main__":
    main()
