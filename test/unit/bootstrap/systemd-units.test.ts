import { mountUnitName, systemdUnits } from "../../../lib/bootstrap/systemd-units";
import { bootSpec } from "./support";

// As `systemd-escape --path --suffix=mount` says it.
it.each([
  ["/models", "models.mount"],
  ["/mnt/models", "mnt-models.mount"],
  ["/mnt/fsx-1/a_b", "mnt-fsx\\x2d1-a_b.mount"],
  ["/.hidden/x", "\\x2ehidden-x.mount"],
])("the unit of %s is %s", (path, name) => {
  expect(mountUnitName(path)).toBe(name);
});

it.each(["models", "/", "/a b", "/a/", "/a/../b", "/ä"])("mountUnitName of '%s' is an error", (path) => {
  expect(() => mountUnitName(path)).toThrow("a mount point must be an absolute path");
});

it("a mount unit has its options and is ordered after the network and its requirements", () => {
  const [unit] = systemdUnits(
    bootSpec({
      mounts: [
        {
          source: "fs-1.example@tcp:/abc",
          hostPath: "/fsx",
          type: "lustre",
          options: ["relatime", "flock"],
          after: ["fabric.service"],
        },
      ],
    }),
  );
  expect(unit.path).toBe("/etc/systemd/system/fsx.mount");
  expect(unit.content.split("\n")).toEqual([
    "[Unit]",
    "Description=Shared storage of the Ray cluster at /fsx",
    "Wants=network-online.target",
    "Requires=fabric.service",
    "After=network-online.target fabric.service",
    "",
    "[Mount]",
    "What=fs-1.example@tcp:/abc",
    "Where=/fsx",
    "Type=lustre",
    "Options=_netdev,relatime,flock",
    "TimeoutSec=300",
    "",
  ]);
});

// Nothing may require the mount: systemd would not start the node, and the node is what tries again.
it("the node's drop-in is ordered after its mounts and extends the time to stop", () => {
  const spec = bootSpec();
  const own = systemdUnits(spec).at(-1);
  expect(own?.path).toBe("/etc/systemd/system/ray-cluster.service.d/10-cluster.conf");
  expect(own?.content).toBe(
    "[Unit]\nWants=mnt-models.mount\nAfter=mnt-models.mount\n\n" +
      `[Service]\nTimeoutStopSec=${spec.container.stopSeconds + 15}\n`,
  );
  const lustre = spec.mounts?.map((mount) => ({ ...mount, type: "lustre" }));
  // The boot itself mounts Lustre, after it has looked at the client.
  expect(systemdUnits({ ...spec, mounts: lustre }).at(-1)?.content).toContain(
    "[Unit]\nAfter=mnt-models.mount\n\n",
  );
  expect(systemdUnits(bootSpec({ mounts: [] })).map(({ content }) => content)).toEqual([
    expect.not.stringContaining("[Unit]"),
  ]);
});
