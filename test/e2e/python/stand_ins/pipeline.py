"""Stands in for `lmdeploy.pipeline`: joins Ray as LMDeploy does, and says where its ranks are."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from types import TracebackType

import ray

from stand_ins.ray_ranks import RayRanks


@dataclass
class PytorchEngineConfig:
    """What the guides set of it."""

    tp: int = 1
    device_type: str = "cuda"
    eager_mode: bool = False


class Pipeline:
    def __init__(self, ranks: RayRanks) -> None:
        self._ranks = ranks

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ranks.close()

    def __call__(self, prompt: str) -> str:
        ranks = self._ranks.ask()
        places = ", ".join(f"{rank.node} {rank.device}" for rank in ranks)
        return f"{prompt}: {len(ranks)} ranks on {places}"


def pipeline(model_path: str, backend_config: PytorchEngineConfig | None = None) -> Pipeline:
    """Raises FileNotFoundError without a model, RanksLost where the cluster lacks accelerators."""
    config = backend_config or PytorchEngineConfig()
    if not os.path.isfile(os.path.join(model_path, "config.json")):
        raise FileNotFoundError(f"no config.json in {model_path}")
    # As LMDeploy (`init_ray_cluster`): first as if there were no cluster, which Ray refuses with RAY_ADDRESS.
    settings = {"ignore_reinit_error": True, "log_to_driver": False, "logging_level": logging.WARNING}
    try:
        ray.init(num_cpus=config.tp, object_store_memory=100 << 20, **settings)
    except ValueError as error:
        if "num_cpus and num_gpus must not be provided" not in str(error):
            raise
        ray.init(**settings)
    resource = "NPU" if config.device_type == "ascend" else "GPU"
    return Pipeline(RayRanks(resource, config.tp, None, []))
