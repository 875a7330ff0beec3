"""This node's certificate, created again at each start.

The authority is not brought to the nodes: its key follows from the cluster's token, which every node has,
by HKDF-SHA256 (RFC 5869) and the method of extra random bits (FIPS 186-5, A.2.1). So whoever holds the token,
and nobody else, can make certificates of this cluster; another token is another authority. What is
cryptography beyond that, the program `openssl` does.
"""

import base64
import hashlib
import hmac
import os
import shutil
import tempfile
from pathlib import Path

from ray_node.channel.tls import TlsFiles
from ray_node.host import tool

#: The order of the curve P-256 (SEC 2, section 2.4.2).
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
#: ECPrivateKey (RFC 5915) on this curve without its public key, before and after the 32 bytes of the key.
_KEY_BEGINS, _KEY_ENDS = bytes.fromhex("30310201010420"), bytes.fromhex("a00a06082a8648ce3d030107")
_PURPOSE = "cdktf-ray-cluster certificate authority, P-256, version 1, of the cluster "
#: The clocks of machines that boot may be years off, and a certificate must not end while its node runs.
#: RFC 5280, 4.1.2.5, has this end for one that does not end.
_VALIDITY = ("-startdate", "19700101000000Z", "-enddate", "99991231235959Z")
_SECONDS = 60.0
_CONFIGURATION = """\
[ca]
default_ca = authority
[authority]
database = {folder}/index
new_certs_dir = {folder}
rand_serial = yes
unique_subject = no
default_md = sha256
policy = subject
[subject]
commonName = supplied
[req]
distinguished_name = empty
[empty]
[of_authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[of_node]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
subjectAltName = IP:{address}, IP:127.0.0.1, DNS:localhost"""


class NoCertificate(Exception):
    """Why this node has none."""


def make(files: TlsFiles, cluster: str, address: str, token: str) -> None:
    """The three files, which lie in one folder of their own. Raises NoCertificate, OSError."""
    folder = Path(files.key).parent
    folder.parent.mkdir(parents=True, exist_ok=True)
    for left in folder.parent.glob(f"{folder.name}.*"):
        # A start that was killed.
        shutil.rmtree(left, ignore_errors=True)
    # Closed to other users, with all that is in it.
    with tempfile.TemporaryDirectory(prefix=f"{folder.name}.", dir=folder.parent) as draft:
        made = _make(Path(draft), cluster, address, token)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        for name, path in made.items():
            os.chmod(path, 0o600)
            os.replace(path, getattr(files, name))


def authority_key(token: str, cluster: str) -> bytes:
    """PEM of the authority's private key."""
    seed = _hkdf(token.encode(), (_PURPOSE + cluster).encode(), 48)
    number = int.from_bytes(seed, "big") % (_ORDER - 1) + 1
    content = base64.encodebytes(_KEY_BEGINS + number.to_bytes(32, "big") + _KEY_ENDS)
    return b"-----BEGIN EC PRIVATE KEY-----\n" + content + b"-----END EC PRIVATE KEY-----\n"


def _make(folder: Path, cluster: str, address: str, token: str) -> dict[str, Path]:
    """By the field of TlsFiles."""
    configuration, key, authority = folder / "openssl.cnf", folder / "authority.key", folder / "authority.crt"
    settings = _CONFIGURATION.format(folder=folder, address=address)
    configuration.write_text(f"{settings}\n", encoding="utf-8")
    (folder / "index").touch()
    key.touch(mode=0o600)
    key.write_bytes(authority_key(token, cluster))
    common = ("-batch", "-notext", *_VALIDITY, "-keyfile", str(key), "-config", str(configuration))
    request = ("req", "-new", "-config", str(configuration), "-out", str(folder / "request"))
    sign = ("ca", *common, "-in", str(folder / "request"), "-out")
    own_key, own = folder / "node.key", folder / "node.crt"
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(own_key))
    _openssl(*request, "-key", str(key), "-subj", f"/CN=cdktf-ray-cluster {cluster}")
    _openssl(*sign, str(authority), "-selfsign", "-extensions", "of_authority")
    _openssl(*request, *new_key, "-subj", f"/CN={address}")
    _openssl(*sign, str(own), "-cert", str(authority), "-extensions", "of_node")
    return {"authority": authority, "certificate": own, "key": own_key}


def _openssl(*words: str) -> None:
    program = shutil.which("openssl")
    if program is None:
        raise NoCertificate("this image has no program 'openssl', which makes the certificates of TLS")
    answer = tool.ask([program, *words], _SECONDS)
    if not answer.ok:
        raise NoCertificate(f"'openssl {words[0]}' failed: {answer.line}")


def _hkdf(secret: bytes, purpose: bytes, length: int) -> bytes:
    """RFC 5869 with SHA-256 and without salt."""
    extracted = hmac.new(bytes(32), secret, hashlib.sha256).digest()
    found, block = b"", b""
    while len(found) < length:
        block = hmac.new(extracted, block + purpose + bytes([len(found) // 32 + 1]), hashlib.sha256).digest()
        found += block
    return found[:length]
