import os
import shutil
import ssl
import stat
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from certified import files_in

from ray_node.channel import tls
from ray_node.cluster import certificates
from ray_node.cluster.certificates import NoCertificate
from ray_node.host import tool

TOKEN = "ab" * 32


@unittest.skipUnless(shutil.which("openssl"), "no program 'openssl'")
class CertificatesTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def verify(self, authority: str, certificate: str, *words: str) -> str:
        command = ["openssl", "verify", "-x509_strict", "-CAfile", authority, *words, certificate]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    def test_nodes_with_one_token_have_one_authority_though_each_makes_its_own(self) -> None:
        first, second = files_in(self.folder / "a"), files_in(self.folder / "b")
        certificates.make(first, "llama", "10.20.0.10", TOKEN)
        certificates.make(second, "llama", "10.20.0.11", TOKEN)
        for purpose in ("sslserver", "sslclient"):
            self.assertIn("OK", self.verify(first.authority, second.certificate, "-purpose", purpose))
            self.assertIn("OK", self.verify(second.authority, first.certificate, "-purpose", purpose))

    def test_another_token_and_another_cluster_are_another_authority(self) -> None:
        keys = [
            certificates.authority_key(token, cluster)
            for token, cluster in ((TOKEN, "llama"), (TOKEN, "qwen"), ("cd" * 32, "llama"))
        ]
        self.assertEqual(len({*keys}), 3)
        self.assertEqual(keys[0], certificates.authority_key(TOKEN, "llama"))
        first, second = files_in(self.folder / "a"), files_in(self.folder / "b")
        certificates.make(first, "llama", "10.20.0.10", TOKEN)
        certificates.make(second, "llama", "10.20.0.11", "cd" * 32)
        self.assertNotIn("OK", self.verify(first.authority, second.certificate))

    def test_key_follows_from_the_token_as_in_the_standard(self) -> None:
        """RFC 5869, A.3: neither salt nor purpose."""
        found = certificates._hkdf(bytes.fromhex("0b" * 22), b"", 42)
        self.assertEqual(
            found.hex(),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        )

    def test_certificate_is_for_the_address_of_the_node_whatever_the_clock(self) -> None:
        files = files_in(self.folder)
        certificates.make(files, "llama", "10.20.0.10", TOKEN)
        for name, fits in (("10.20.0.10", True), ("127.0.0.1", True), ("10.20.0.11", False)):
            with self.subTest(name):
                said = self.verify(files.authority, files.certificate, "-verify_ip", name)
                self.assertEqual("OK" in said, fits)
        for year in ("86400", "32503680000"):
            said = self.verify(files.authority, files.certificate, "-attime", year)
            self.assertIn("OK", said)

    def test_another_start_makes_another_key(self) -> None:
        files = files_in(self.folder)
        contents = []
        for _ in range(2):
            certificates.make(files, "llama", "10.20.0.10", TOKEN)
            contents.append(Path(files.key).read_text(encoding="ascii"))
            tls.load(files)
        self.assertNotEqual(*contents)

    def test_only_the_owner_reads_the_files_and_the_authoritys_key_is_gone(self) -> None:
        before = os.umask(0)
        self.addCleanup(os.umask, before)
        files = files_in(self.folder)
        certificates.make(files, "llama", "10.20.0.10", TOKEN)
        found = {path: stat.S_IMODE(path.stat().st_mode) for path in self.folder.rglob("*")}
        self.assertEqual(
            found,
            {
                self.folder / "tls": 0o700,
                Path(files.authority): 0o600,
                Path(files.certificate): 0o600,
                Path(files.key): 0o600,
            },
        )

    def test_what_a_killed_start_has_left_is_removed(self) -> None:
        left = self.folder / "tls.x1y2"
        left.mkdir()
        (left / "authority.key").touch()
        certificates.make(files_in(self.folder), "llama", "10.20.0.10", TOKEN)
        self.assertEqual([item.name for item in self.folder.iterdir()], ["tls"])

    def test_no_secret_is_an_argument(self) -> None:
        words: list[str] = []

        def ask(argv: list[str], seconds: float) -> tool.Answer:
            words.extend(argv)
            return asked(argv, seconds)

        asked = tool.ask
        with mock.patch("ray_node.host.tool.ask", ask):
            certificates.make(files_in(self.folder), "llama", "10.20.0.10", TOKEN)
        key = certificates.authority_key(TOKEN, "llama").decode().splitlines()
        self.assertFalse([word for word in words for secret in (TOKEN, *key) if secret in word])

    def test_image_without_openssl_is_named(self) -> None:
        with (
            mock.patch("shutil.which", return_value=None),
            self.assertRaisesRegex(NoCertificate, "no program 'openssl'"),
        ):
            certificates.make(files_in(self.folder), "llama", "10.20.0.10", TOKEN)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_what_openssl_says_is_the_reason(self) -> None:
        with self.assertRaisesRegex(NoCertificate, "'openssl ca' failed: .*bad ip"):
            certificates.make(files_in(self.folder), "llama", "no-address", TOKEN)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_context_asks_both_sides_for_a_certificate(self) -> None:
        files = files_in(self.folder)
        certificates.make(files, "llama", "10.20.0.10", TOKEN)
        made = tls.load(files)
        for context in (made.server, made.client):
            self.assertEqual(context.verify_mode, ssl.CERT_REQUIRED)
            self.assertEqual(context.minimum_version, ssl.TLSVersion.TLSv1_3)
        self.assertTrue(made.client.check_hostname)


if __name__ == "__main__":
    unittest.main()
