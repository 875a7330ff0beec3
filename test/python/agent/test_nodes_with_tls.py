"""Head and worker where node.json asks for TLS."""

import os
import shutil
import socket
import unittest
from dataclasses import asdict, replace
from pathlib import Path
from unittest import mock

import certified
import support
from head_case import WHOLE, FakeReader, HeadCase
from worker_case import WorkerCase

from ray_node.channel import report_client
from ray_node.channel.report_client import Exchange
from ray_node.channel.report_server import ReportBook, ReportServer
from ray_node.channel.tls import TlsFiles
from ray_node.cluster import token
from ray_node.host import clock, refusals

HAS_OPENSSL = shutil.which("openssl") is not None
CLUSTER = "local-2x8"


@unittest.skipUnless(HAS_OPENSSL, "no program 'openssl'")
class HeadWithTlsTest(HeadCase):
    #: Of the head.
    files: TlsFiles

    def setUp(self) -> None:
        super().setUp()
        self.files = certified.files_in(self.folder / "head")
        FakeReader.nodes = WHOLE

    def report(self) -> Exchange:
        """As the worker, whose certificate is made once."""
        value = token.ensure(self.config.paths.token)
        if not hasattr(self, "worker"):
            self.worker = certified.made(self.folder, support.WORKER, value, CLUSTER)
        message = replace(self.reported, wall_clock=clock.wall())
        port = self.config.ports.node_report
        return report_client.post(message, support.HEAD, port, value, self.worker.client)

    def test_head_makes_its_certificate_and_serves_with_reports_over_tls(self) -> None:
        self.start(tls=asdict(self.files))
        self.until("serving")
        self.assertEqual(self.head.environment.ray["RAY_USE_TLS"], "1")
        self.assertTrue(Path(self.files.key).exists())
        self.assertIsNotNone(self.report().answer)

    def test_report_in_clear_is_not_taken(self) -> None:
        self.start(tls=asdict(self.files), reports=False)
        self.until("serving")
        value, port = token.ensure(self.config.paths.token), self.config.ports.node_report
        self.assertIsNone(report_client.post(self.reported, support.HEAD, port, value).answer)
        assert self.head.view is not None
        self.assertEqual(dict(self.head.view.heard()), {})

    def test_page_of_the_verdict_is_not_open_to_others(self) -> None:
        self.start(tls=asdict(self.files), reports=False)
        self.until("serving")
        assert self.head.view is not None
        routes = self.head.view._server._routes
        self.assertEqual(dict(routes.public), {})


@unittest.skipUnless(HAS_OPENSSL, "no program 'openssl'")
class WorkerWithTlsTest(WorkerCase):
    def setUp(self) -> None:
        super().setUp()
        refusals.forget()
        self.addCleanup(refusals.forget)
        self.files = certified.files_in(self.folder / "worker")
        self.configure(tls=asdict(self.files))

    def play_head(self, value: str | None = None) -> None:
        value = value or token.ensure(self.config.paths.token)
        tls = certified.made(self.folder, support.HEAD, value, CLUSTER).server
        self.book = ReportBook(self.config.network, self.config.cluster, value)
        at = (support.HEAD, self.config.ports.node_report)
        self.server = ReportServer(*at, self.book, self.answer, tls=tls)
        self.addCleanup(self.server.close)
        self.gcs = socket.create_server((support.HEAD, self.config.ports.gcs))
        self.addCleanup(self.gcs.close)

    def test_worker_joins_with_reports_over_tls(self) -> None:
        self.play_head()
        self.start()
        self.shows(lambda found: found.get("member") is True)
        self.assertIn(support.WORKER, self.book.heard())
        self.assertEqual(self.worker.environment.ray["RAY_TLS_SERVER_KEY"], self.files.key)
        self.assertEqual(os.stat(self.files.key).st_mode & 0o777, 0o600)

    def test_worker_with_a_wrong_token_says_so_before_ray_starts(self) -> None:
        token.ensure(self.config.paths.token)
        self.play_head("cd" * 32)
        self.start()
        found = self.ended()
        self.assertEqual((found["state"], found["reason"][:11]), ("failed", "wrong token"))
        self.assertIsNone(self.worker.ray)
        self.assertEqual(list(self.book.rejected()), [support.WORKER])

    def test_worker_whose_image_has_no_openssl_fails_before_ray_starts(self) -> None:
        self.play_head()
        with mock.patch("ray_node.cluster.certificates.shutil.which", return_value=None):
            self.start()
            found = self.ended()
        self.assertEqual(found["state"], "failed")
        self.assertRegex(found["reason"], "this node has no certificate: .* no program 'openssl'")
        self.assertIsNone(self.worker.ray)


if __name__ == "__main__":
    unittest.main()
