"""restore_bundle.py PACKED BUNDLE: the bundle that came with the boot, as `packed.ts` has packed it."""

import base64
import gzip
import sys
from pathlib import Path


def main(packed: str, bundle: str) -> None:
    Path(bundle).write_bytes(gzip.decompress(base64.b85decode(Path(packed).read_bytes().strip())))


if __name__ == "__main__":
    main(*sys.argv[1:])
