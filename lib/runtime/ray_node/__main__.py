"""The command line: `python3 -m ray_node COMMAND`."""

import argparse
import os
import sys

from ray_node.config.config_error import ConfigError
from ray_node.config.load import DEFAULT_PATH, load


def main() -> int:
    arguments = _parser().parse_args()
    try:
        loaded = load(arguments.config)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    # Each command imports only what it needs: `status` runs every few seconds in every container.
    if arguments.command == "start" and loaded.is_head:
        from ray_node.agent.head import Head

        return Head(loaded).run()
    if arguments.command == "start":
        from ray_node.agent.worker import Worker

        return Worker(loaded).run()
    if arguments.command == "status":
        from ray_node.cli import status

        return status.run(loaded, arguments.json)
    if arguments.command == "wait":
        from ray_node.cli import wait

        if arguments.workload is not None:
            return wait.deliver(loaded, arguments.workload, arguments.holder)
        return wait.run(loaded)
    if arguments.command == "stop":
        from ray_node.cli import stop

        return stop.run(loaded)
    if arguments.command == "run":
        from ray_node.cli import run

        return run.run(loaded, arguments.argv)
    if arguments.command == "collect":
        from ray_node.cli import collect

        return collect.run(loaded)
    if arguments.command == "connect":
        from ray_node.cli import connect

        return connect.run(arguments.port)
    if arguments.verify_model:
        from ray_node.cli import verify_model

        return verify_model.run(loaded, arguments.json)
    if arguments.cluster:
        from ray_node.hardware import finding

        return finding.show(loaded.paths.state, arguments.json)
    from ray_node.preflight import local_checks

    return local_checks.run(loaded, arguments.json)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m ray_node",
        description="Runs one node of a Ray cluster: joins it, keeps the engine serving, reports problems.",
    )
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--config",
        default=os.environ.get("RAY_NODE_CONFIG") or DEFAULT_PATH,
        help="path of node.json (default: $RAY_NODE_CONFIG, else %(default)s)",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, parents=[shared])

    add("start", "run this node until SIGTERM; exits 143 when stopped, 1 when the node must restart")
    status = add("status", "print the state of this node; exits 0 if it is healthy")
    wait = add("wait", "wait until the cluster serves, with progress; exits 0 then, or 1 with the reason")
    wait.add_argument(
        "--workload", metavar="FILE", help="bring this workload to the head, and wait for it and no other"
    )
    wait.add_argument(
        "--holder", metavar="FILE", help="its first line says who brings it (default: the host's name)"
    )
    add("stop", "stop the node program of this container and wait until it has ended")
    run = add("run", "run a program with the variables of this node, as its engine has them")
    run.add_argument(
        "argv", nargs="+", metavar="PROGRAM", help="the program and its arguments, best after `--`"
    )
    add("collect", "print what helps to find a failure, as JSON lines, without the cluster's secrets")
    connect = add("connect", "join stdin and stdout to a port of this container's loopback interface")
    connect.add_argument("port", type=int, metavar="PORT", help="for example that of Ray's dashboard")
    preflight = add(
        "preflight", "check this node alone: address, accelerators, versions, ports, shared memory, token"
    )
    preflight.add_argument(
        "--cluster",
        action="store_true",
        help="on the head: print the last report on the machines of all nodes",
    )
    preflight.add_argument(
        "--verify-model",
        action="store_true",
        help="read the whole model on this node and compare it with what was staged",
    )
    for command in (status, preflight):
        command.add_argument("--json", action="store_true", help="machine-readable output")
    return parser


if __name__ == "__main__":
    sys.exit(main())
