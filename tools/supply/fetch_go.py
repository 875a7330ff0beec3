"""Fetches a Go toolchain from a Go module proxy: `fetch_go.py <url> <sha256> <folder>`.

The proxy serves a toolchain as a zip whose names all begin with `<module>@<version>/` and carry no
file modes; which files are programs follows from where they lie, as the go command itself decides.
"""

import hashlib
import sys
import urllib.request
import zipfile
from pathlib import Path, PurePosixPath

TIMEOUT_SECONDS = 60
PROGRAM_FOLDERS = (("bin",), ("pkg", "tool"))


def download(url: str, target: Path) -> str:
    """Writes the file at `url` to `target` and returns its SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer, target.open("wb") as file:
        while block := answer.read(1 << 20):
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


def is_program(path: PurePosixPath) -> bool:
    return any(path.parts[: len(folder)] == folder for folder in PROGRAM_FOLDERS)


def extract(archive: Path, folder: Path) -> None:
    """Unpacks below `folder`, without the prefix that all names share."""
    with zipfile.ZipFile(archive) as content:
        for name in content.namelist():
            # `<module>@<version>/`, and the module has one slash.
            inside = PurePosixPath(*PurePosixPath(name).parts[2:])
            if ".." in inside.parts or name.endswith("/"):
                continue
            target = folder / inside
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read(name))
            if is_program(inside):
                target.chmod(0o755)


def main(url: str, sha256: str, folder: str) -> int:
    root = Path(folder)
    archive = root.with_suffix(".zip")
    found = download(url, archive)
    if found != sha256:
        print(f"{url}: SHA-256 is {found}, expected {sha256}", file=sys.stderr)
        return 1
    extract(archive, root)
    archive.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
