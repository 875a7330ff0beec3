"""A mirror of Debian that nobody has signed, or somebody else has, and debootstrap with our options.

Needs debootstrap, gpg and the compiled library.
"""

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from report import ROOT, Attacks

PACKAGE = """Package: evil
Version: 1
Architecture: all
Priority: required
Essential: yes
Filename: evil.deb
Size: 1
SHA256: 0
"""
ARGUMENTS = """
const { debootstrapArguments } = require(process.argv[1]);
const base = { packages: ["python3"], suite: "bookworm" };
const words = debootstrapArguments(base, { architecture: "amd64" }, ...process.argv.slice(2));
console.log(JSON.stringify(words));
"""


class Mirror(SimpleHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def log_message(self, *_: Any) -> None:
        Mirror.asked.append(self.path)


def make(folder: Path) -> Path:
    """A release with one package; returns its folder."""
    suite = folder / "dists/bookworm"
    index = suite / "main/binary-amd64"
    index.mkdir(parents=True)
    (index / "Packages").write_text(PACKAGE)
    (index / "Packages.gz").write_bytes(gzip.compress(PACKAGE.encode()))
    lines = ["Origin: Debian", "Suite: stable", "Codename: bookworm", "Architectures: amd64"]
    lines += ["Components: main", "SHA256:"]
    for file in sorted(index.iterdir()):
        content = file.read_bytes()
        lines.append(f" {hashlib.sha256(content).hexdigest()} {len(content)} {file.relative_to(suite)}")
    (suite / "Release").write_text("\n".join(lines) + "\n")
    return suite


def sign(suite: Path, home: Path) -> None:
    """By somebody who calls himself Debian."""
    home.mkdir(mode=0o700)
    gpg = [
        "gpg",
        "--homedir",
        str(home),
        "--batch",
        "--quiet",
        "--pinentry-mode",
        "loopback",
        "--passphrase",
        "",
    ]
    who = "Debian Archive Automatic Signing Key (12/bookworm) <ftpmaster@debian.org>"
    subprocess.run([*gpg, "--quick-generate-key", who, "ed25519", "sign"], check=True, capture_output=True)
    release = str(suite / "Release")
    for options, name in (("--detach-sign", "Release.gpg"), ("--clear-sign", "InRelease")):
        subprocess.run([*gpg, options, "--armor", "--output", str(suite / name), release], check=True)
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False, capture_output=True)


def bootstrap(folder: Path, port: int, *more: str) -> tuple[int, str, bool]:
    """Exit code, last words, and whether it has asked for packages."""
    root = folder / "root"
    library = str(ROOT / "dist/tools/supply/debian-base.js")
    words = ["node", "-e", ARGUMENTS, library, str(root), f"http://127.0.0.1:{port}"]
    argv = json.loads(subprocess.run(words, check=True, capture_output=True).stdout)
    Mirror.asked.clear()
    kept = [word for word in argv if not more or word != "--force-check-gpg"]
    ended = subprocess.run(
        ["debootstrap", *more, *kept],
        env={name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    shutil.rmtree(root, ignore_errors=True)
    asked = any("Packages" in path for path in Mirror.asked)
    return ended.returncode, (ended.stdout + ended.stderr).strip().splitlines()[-1], asked


def main() -> None:
    attacks = Attacks("unsigned mirror")
    with tempfile.TemporaryDirectory(prefix="ray-cluster-attack-") as name:
        folder = Path(name)
        suite = make(folder / "mirror")
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Mirror, directory=str(folder / "mirror")))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        _, _, asked = bootstrap(folder, port, "--no-check-gpg")
        attacks.result("the mirror is one: without a check its packages are asked for", asked)
        for what in ("nobody has signed", "somebody else has signed"):
            if what != "nobody has signed":
                sign(suite, folder / "home")
            code, said, asked = bootstrap(folder, port)
            attacks.result(
                f"a release that {what} is refused before its packages", code != 0 and not asked, said
            )
        server.shutdown()
    attacks.end()


if __name__ == "__main__":
    main()
