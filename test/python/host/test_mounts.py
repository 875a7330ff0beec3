import tempfile
import unittest
from pathlib import Path

from ray_node.host import mounts

#: /proc/self/mountinfo of a container of Docker 20.10 with a bind of a share (man 5 proc has the form).
CONTAINER = (
    "1204 1029 0:143 / / rw,relatime master:424 - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/A\n"
    "1205 1204 0:146 / /proc rw,nosuid - proc proc rw\n"
    "1213 1204 254:0 /var/lib/docker/containers/f0/hostname /etc/hostname rw,relatime - ext4 /dev/sda2 rw\n"
)
SHARE = "1220 1204 0:60 / /models rw,relatime - nfs4 10.0.0.5:/export rw,vers=4.2\n"
UNMOUNTED = "1220 1204 254:0 /mnt/models /models rw,relatime - ext4 /dev/sda2 rw\n"


class MountsTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.memory = str(self.folder / "memory.json")

    def lost(self, line: str, path: str = "/models/llama") -> str | None:
        table = self.folder / "mountinfo"
        table.write_text(CONTAINER + line, encoding="utf-8")
        return mounts.lost(path, self.memory, str(table))

    def test_describe_names_the_mount_closest_to_the_path(self) -> None:
        table = self.folder / "mountinfo"
        table.write_text(CONTAINER + SHARE, encoding="utf-8")
        self.assertEqual(mounts.describe("/models/llama", str(table)), "nfs4 of 10.0.0.5:/export")
        self.assertEqual(mounts.describe("/modelsx", str(table)), "overlay of overlay")
        self.assertEqual(mounts.describe("/models", str(self.folder / "none")), "an unknown file system")

    def test_lost_of_a_share_that_is_not_mounted_after_a_reboot_names_both(self) -> None:
        self.assertIsNone(self.lost(SHARE))
        self.assertEqual(
            self.lost(UNMOUNTED, "/models/other"),
            "/models is ext4 of /dev/sda2 now, it was nfs4 of 10.0.0.5:/export: "
            "it is not mounted on the host",
        )
        self.assertIsNone(self.lost(SHARE), "mounted again")

    def test_lost_of_a_share_that_was_mounted_late_is_known_from_then_on(self) -> None:
        for line in (UNMOUNTED, SHARE):
            self.assertIsNone(self.lost(line))
        for _ in range(2):
            self.assertIsNotNone(self.lost(UNMOUNTED))

    def test_lost_of_a_disk_of_its_own_that_is_not_mounted_names_it(self) -> None:
        self.assertIsNone(self.lost(UNMOUNTED.replace("/dev/sda2", "/dev/nvme1n1")))
        self.assertIsNotNone(self.lost(UNMOUNTED))

    def test_lost_passes_over_what_is_no_loss(self) -> None:
        for name, before, after in (
            ("a folder of the machine's disk", UNMOUNTED, UNMOUNTED),
            ("a share in place of the disk", UNMOUNTED, SHARE),
            ("another server", SHARE, SHARE.replace("10.0.0.5", "nas.example")),
            (
                "an automounter before its first use",
                SHARE,
                "9 1 0:61 / /models rw - autofs /etc/auto.nfs rw\n",
            ),
            (
                "an array that was numbered again",
                UNMOUNTED.replace("/dev/sda2", "/dev/md0"),
                UNMOUNTED.replace("/dev/sda2", "/dev/md127"),
            ),
        ):
            with self.subTest(name):
                Path(self.memory).unlink(missing_ok=True)
                self.assertIsNone(self.lost(before))
                self.assertIsNone(self.lost(after))

    def test_lost_without_a_place_to_remember_compares_nothing(self) -> None:
        self.memory = "/proc/nothing/memory.json"
        self.assertIsNone(self.lost(SHARE))
        self.assertIsNone(self.lost(UNMOUNTED))


if __name__ == "__main__":
    unittest.main()
