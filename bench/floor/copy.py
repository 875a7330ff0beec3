"""Copies files over HTTP into a folder with urllib alone: what any client needs at least.

Usage: `copy.py <hub's address> <repository> <commit> <folder>`. Four files at a time, as staging does.
"""

import json
import shutil
import sys
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def main() -> None:
    hub, repository, commit, folder = sys.argv[1:]
    with urllib.request.urlopen(f"{hub}/api/models/{repository}/revision/{commit}?blobs=true") as answer:
        paths = [file["rfilename"] for file in json.load(answer)["siblings"]]

    def copy(path: str) -> None:
        target = Path(folder, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        url = f"{hub}/{repository}/resolve/{commit}/{urllib.parse.quote(path)}"
        with urllib.request.urlopen(url) as answer, target.open("wb") as file:
            shutil.copyfileobj(answer, file, 1024 * 1024)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(copy, paths))


if __name__ == "__main__":
    main()
