"""Stages a model with the node program: `stage.py <hub's address> <repository> <commit> <folder>`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lib" / "runtime"))

from ray_node.staging.request import FETCH, HubSource, StagingRequest
from ray_node.staging.stage import stage


def main() -> None:
    hub, repository, commit, folder = sys.argv[1:]
    request = StagingRequest(
        source=HubSource(repository=repository, revision=commit, endpoint=hub),
        destination=folder,
        cluster="bench",
        node="npu-0",
        role=FETCH,
        fan_out=None,
        deadline_seconds=600.0,
    )
    stage(request, lambda _: None)


if __name__ == "__main__":
    main()
