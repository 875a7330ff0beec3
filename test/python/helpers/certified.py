"""Certificates for tests, as a node makes them."""

from pathlib import Path

from ray_node.channel import tls
from ray_node.channel.tls import Tls, TlsFiles
from ray_node.cluster import certificates


def files_in(folder: Path) -> TlsFiles:
    own = folder / "tls"
    return TlsFiles(str(own / "authority.crt"), str(own / "node.crt"), str(own / "node.key"))


def made(folder: Path, address: str, token: str, cluster: str = "local-2x8") -> Tls:
    files = files_in(folder / address)
    certificates.make(files, cluster, address, token)
    return tls.load(files)
