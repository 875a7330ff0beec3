"""Stands in for a pipeline of ROLL: a job on Ray, configured by a file of Hydra's."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from stand_ins import behaviour, flags, ray_ranks, record
from stand_ins.flags import Refused
from stand_ins.hydra_file import compose
from stand_ins.ranks import Rank, RanksLost, sentence

DEFINITION = os.environ.get("STAND_IN_ROLL", "roll-8eb27cc2")
_ROLES = ("actor_train", "actor_infer", "reference")
_STEP_SECONDS = 0.5


def known_keys(document: dict[str, Any]) -> frozenset[str]:
    """Everything that ROLL's configuration or the recipe of the guide has at the top."""
    classes = document["classes"]
    keys = set(document["recipeKeys"])
    pending = ["AgenticConfig"]
    while pending:
        name = pending.pop()
        if name in classes:
            keys.update(classes[name]["fields"])
            pending += classes[name]["bases"]
    return frozenset(keys)


def check(configuration: dict[str, Any], known: frozenset[str], nodes: int) -> int:
    """The number of accelerators that the pipeline takes. Raises Refused.

    ROLL ignores a key that it does not know; here that is an error, since nobody would see it.
    """
    problems = [f"no key of the configuration: {key}" for key in configuration if key not in known]
    there = int(configuration.get("num_gpus_per_node", 0)) * nodes
    used: set[int] = set()
    for role in _ROLES:
        mapping = str(configuration.get(role, {}).get("device_mapping", ""))
        found = re.fullmatch(r"list\(range\((\d+), ?(\d+)\)\)", mapping)
        if found is None:
            problems.append(f"{role}.device_mapping: '{mapping}' is no list(range(a,b))")
        elif int(found[2]) > there:
            problems.append(f"{role}.device_mapping: {mapping}, of {there} on {nodes} nodes")
        else:
            used.update(range(int(found[1]), int(found[2])))
    if int(configuration.get("max_steps", 0)) < 1:
        problems.append("max_steps must be 1 or more")
    if problems:
        raise Refused(problems)
    return len(used)


def require_cluster() -> None:
    """ROLL starts a Ray of its own where it finds none. Raises RanksLost: that must not happen here."""
    found = subprocess.run(["ray", "status"], capture_output=True, text=True, check=False)
    if found.returncode != 0:
        raise RanksLost(f"ROLL would start a Ray of its own: {found.stderr.strip()[-300:]}")


def train(configuration: dict[str, Any], accelerators: int, kind: str) -> list[Rank]:
    """The ranks that took part."""
    if kind == behaviour.EXIT_3:
        # At once: a job that has lived for 10 s counts as begun, on a slow machine, too.
        behaviour.say("the checkpoint cannot be written")
        sys.exit(3)
    require_cluster()
    ray_ranks.connect()
    ranks = ray_ranks.RayRanks(ray_ranks.resource_of(), accelerators, None, [])
    # The workers import ROLL's packages, too, on their own nodes.
    behaviour.say(f"the ranks find ROLL at {sorted(set(ranks.imports('roll')))}")
    for step in range(1, int(configuration["max_steps"]) + 1):
        found = ranks.ask()
        behaviour.say(f"step {step} of {configuration['max_steps']}: {sentence(found, accelerators)}")
        time.sleep(_STEP_SECONDS)
    ranks.close()
    return found


def main() -> int:
    definition = flags.load(DEFINITION)
    folder = Path(sys.argv[0]).resolve().parent
    try:
        arguments = definition.parse(sys.argv[1:], positional=0)
        # As with Hydra: relative to the program, whatever the working folder is.
        configuration = compose(
            folder / arguments.text("--config_path", ""), arguments.text("--config_name", "")
        )
        accelerators = check(configuration, known_keys(definition.document), int(os.environ["WORLD_SIZE"]))
    except (Refused, FileNotFoundError) as refused:
        print(f"start_agentic_pipeline.py: error: {refused}", file=sys.stderr)
        return 2
    record.write("roll", configuration=configuration)
    importlib.import_module("roll")
    kind = behaviour.chosen()
    behaviour.begin(kind)
    try:
        found = train(configuration, accelerators, kind)
    except (RanksLost, OSError) as error:
        print(f"stand-in: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        return 1
    record.write("roll", ranks=[rank.plain() for rank in found])
    behaviour.say("pipeline complete")
    return 0


if __name__ == "__main__":
    sys.exit(main())
