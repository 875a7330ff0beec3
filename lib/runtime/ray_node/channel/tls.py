"""TLS between nodes: both sides show a certificate of the cluster's authority."""

import ssl
from dataclasses import dataclass


@dataclass(frozen=True)
class TlsFiles:
    """Paths of PEM files on this node."""

    #: Certificate of the cluster's authority.
    authority: str
    #: Of this node.
    certificate: str
    #: Of this node, mode 0600.
    key: str


@dataclass(frozen=True)
class Tls:
    """This node's sides of a connection."""

    server: ssl.SSLContext
    client: ssl.SSLContext


def load(files: TlsFiles) -> Tls:
    """Raises OSError; ssl.SSLError is one."""
    server = _context(ssl.PROTOCOL_TLS_SERVER, files)
    server.verify_mode = ssl.CERT_REQUIRED
    # Connections are kept, so none is resumed.
    server.num_tickets = 0
    # As a client it asks for a certificate with the address that it connects to.
    return Tls(server, _context(ssl.PROTOCOL_TLS_CLIENT, files))


def is_of_other_authority(error: ssl.SSLError) -> bool:
    """Whether one side has refused the other's certificate: another token, so another authority."""
    return isinstance(error, ssl.SSLCertVerificationError) or "UNKNOWN_CA" in str(error.reason)


def cause(error: ssl.SSLError) -> str:
    """Why a client's handshake failed, as refusals are counted."""
    if is_of_other_authority(error):
        return "other-authority"
    return "no-certificate" if error.reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE" else "no-tls"


def _context(protocol: int, files: TlsFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_verify_locations(files.authority)
    context.load_cert_chain(files.certificate, files.key)
    return context
