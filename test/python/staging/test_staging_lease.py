import contextlib
import errno
import io
import json
import os
import tempfile
import threading
import unittest
from dataclasses import replace
from pathlib import Path
from unittest import mock

import simulated_clock
import support
from fixtures.staging_support import HURRY

from ray_node.host import clock
from ray_node.staging.failure import FolderTaken, LeaseLost
from ray_node.staging.lease import Lease, Leases, Owner

PROGRESS = {"bytes_done": 5}


def nothing() -> dict[str, object]:
    return dict(PROGRESS)


class LeaseCase(unittest.TestCase):
    def setUp(self) -> None:
        simulated_clock.install(self)
        folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name) / "leases"
        quiet = contextlib.redirect_stdout(io.StringIO())
        quiet.__enter__()
        self.addCleanup(quiet.__exit__, None, None, None)

    def leases(self, node: str = "npu-0", cluster: str = "a", model: str = "m", **owner: object) -> Leases:
        return Leases(str(self.folder), model, replace(Owner.myself(cluster, node), **owner), HURRY)  # type: ignore[arg-type]

    def take(self, leases: Leases) -> Lease:
        lease = leases.take(leases.look(), nothing)
        assert lease is not None
        self.addCleanup(lease.release)
        return lease


class Taking(LeaseCase):
    def test_take_by_many_at_once_gives_it_to_one(self) -> None:
        taken: list[Lease] = []
        start = threading.Barrier(16)

        def race(number: int) -> None:
            leases = self.leases(f"npu-{number}")
            start.wait()
            lease = leases.take(None, nothing)
            if lease is not None:
                taken.append(lease)

        threads = [threading.Thread(target=race, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            support.join(thread)
        self.assertEqual(len(taken), 1)
        taken[0].release()

    def test_look_of_another_node_shows_owner_and_progress(self) -> None:
        self.take(self.leases())
        holding = self.leases("npu-0", "b").look()
        assert holding is not None
        self.assertEqual(str(holding), "npu-0 of cluster 'a'")
        self.assertEqual(holding.progress, PROGRESS)
        self.assertFalse(self.leases("npu-0", "b").is_free(holding))

    def test_take_after_a_release_uses_the_next_number(self) -> None:
        self.take(self.leases()).release("disk full")
        other = self.leases("npu-1")
        holding = other.look()
        assert holding is not None
        self.assertEqual((holding.released, holding.failure), (True, "disk full"))
        self.assertTrue(other.is_free(holding))
        self.take(other)
        self.assertEqual(sorted(os.listdir(self.folder)), ["000001.json", "000002.json"])

    def test_renewal_and_release_need_no_space(self) -> None:
        lease = self.take(self.leases())
        before = os.stat(self.folder / "000001.json")
        beat = self.leases().look()
        assert beat is not None
        clock.sleep(1.5 * HURRY.heartbeat)
        renewed = self.leases().look()
        assert renewed is not None
        self.assertNotEqual(renewed.beat, beat.beat)
        lease.release("x" * 10_000)
        after = os.stat(self.folder / "000001.json")
        self.assertEqual((before.st_ino, before.st_blocks), (after.st_ino, after.st_blocks))
        self.assertEqual(os.listdir(self.folder), ["000001.json"])

    def test_take_that_cannot_be_written_takes_nothing(self) -> None:
        full = mock.patch.object(os, "pwrite", side_effect=OSError(errno.ENOSPC, "full"))
        with full, self.assertRaises(OSError):
            self.leases().take(None, nothing)
        self.assertIsNone(self.leases().look())

    def test_look_in_the_folder_of_another_model_is_refused(self) -> None:
        self.take(self.leases()).release()
        with self.assertRaisesRegex(FolderTaken, "belongs to m, not to other"):
            self.leases(model="other").look()
        # Also when the newest lease was never written.
        (self.folder / "000002.json").write_text("")
        with self.assertRaisesRegex(FolderTaken, "belongs to m, not to other"):
            self.leases(model="other").look()


class Breaking(LeaseCase):
    def assert_stale_after(self, seconds: float, leases: Leases) -> None:
        """From now on: not before, and then at once."""
        self.assertFalse(leases.is_free(leases.look()))
        clock.sleep(seconds - 0.001)
        self.assertFalse(leases.is_free(leases.look()))
        clock.sleep(0.002)
        self.assertTrue(leases.is_free(leases.look()))

    def test_owner_that_renews_keeps_the_lease(self) -> None:
        self.take(self.leases())
        other = self.leases("npu-1")
        for _ in range(60):
            self.assertFalse(other.is_free(other.look()))
            clock.sleep(0.05)

    def test_owner_that_is_silent_loses_the_lease_after_the_stale_time(self) -> None:
        self.silent_owner(boot="another-host")
        self.assert_stale_after(HURRY.lease_stale, self.leases("npu-1"))

    def test_owner_with_a_clock_that_is_off_keeps_the_lease(self) -> None:
        self.silent_owner(boot="another-host")
        os.utime(self.folder / "000001.json", (0, 0))
        other = self.leases("npu-1")
        self.assertFalse(other.is_free(other.look()))

    def test_owner_that_has_restarted_does_not_wait_for_itself(self) -> None:
        self.silent_owner(started=1)
        again = self.leases()
        self.assertTrue(again.is_free(again.look()))

    def test_owner_of_the_same_name_elsewhere_is_another(self) -> None:
        for changes in ({"boot": "another-host"}, {"cluster": "b"}):
            with self.subTest(changes):
                self.silent_owner(started=1, **changes)
                again = self.leases()
                self.assertFalse(again.is_free(again.look()))

    def test_lease_that_was_never_written_goes_stale(self) -> None:
        self.folder.mkdir()
        (self.folder / "000001.json").write_text("")
        self.assert_stale_after(HURRY.lease_stale, self.leases("npu-1"))

    def silent_owner(self, **owner: object) -> None:
        """The lease of a node that was killed."""
        self.folder.mkdir(exist_ok=True)
        value = vars(self.leases(**owner).owner)  # type: ignore[arg-type]
        lease = {
            "model": "m",
            "owner": value,
            "beat": "x",
            "released": False,
            "failure": None,
            "progress": None,
        }
        (self.folder / "000001.json").write_text(json.dumps(lease))


class Losing(LeaseCase):
    def test_check_after_another_node_took_over_fails(self) -> None:
        lease = self.take(self.leases())
        lease.check()
        self.take(self.leases("npu-1"))
        clock.sleep(1.5 * HURRY.heartbeat)
        with self.assertRaisesRegex(LeaseLost, "npu-1 of cluster 'a' has taken over"):
            lease.check()

    def test_check_without_a_renewal_fails_before_others_take_the_lease(self) -> None:
        lease = self.take(self.leases())
        self.folder.rename(self.folder.with_name("gone"))
        clock.sleep(0.5 * HURRY.lease_stale)
        lease.check()
        clock.sleep(0.2 * HURRY.lease_stale)
        with self.assertRaisesRegex(LeaseLost, "could not be renewed"):
            lease.check()

    def test_renewal_ends_when_the_lease_is_lost(self) -> None:
        lease = self.take(self.leases())
        self.take(self.leases("npu-1"))
        clock.sleep(3 * HURRY.heartbeat)
        before = (self.folder / "000001.json").read_text()
        clock.sleep(3 * HURRY.heartbeat)
        self.assertEqual((self.folder / "000001.json").read_text(), before)
        with self.assertRaises(LeaseLost):
            lease.check()


if __name__ == "__main__":
    unittest.main()
