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

it.each(["models", "/", "/a b", "/a/", "/a/../b", "/ä"])("'%s' is no folder for a mount", (path) => {
  expect(() => mountUnitName(path)).toThrow("a mount's folder is an absolute path");
});

it("a mount has its options, waits for the network and for what it needs", () => {
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
it("the node comes after its mounts and gets the time it needs to stop", () => {
  const spec = bootSpec();
  const own = systemdUnits(spec).at(-1);
  expect(own?.path).toBe("/etc/systemd/system/ray-cluster.service.d/10-cluster.conf");
  expect(own?.content).toBe(
    "[Unit]\nWants=mnt-models.mount\nAfter=mnt-models.mount\n\n" +
      `[Service]\nTimeoutStopSec=${spec.container.stopSeconds + 15}\n`,
  );
  expect(systemdUnits(bootSpec({ mounts: [] })).map(({ content }) => content)).toEqual([
    expect.not.stringContaining("[Unit]"),
  ]);
});
