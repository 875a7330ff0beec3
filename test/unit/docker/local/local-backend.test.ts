import { LocalBackend, type LocalBackendProps } from "../../../../lib/docker/local/local-backend";

const SHAPE = {
  clusterName: "c1",
  pools: [
    { name: "head", nodes: 1 },
    { name: "npu", nodes: 2 },
  ],
};

describe("LocalBackend as a place", () => {
  it("has defaults that a laptop can carry", () => {
    expect(new LocalBackend()._place(SHAPE)).toEqual({
      backend: "local",
      subnetCidr: "10.89.28.0/24",
      addresses: { head: ["10.89.28.10"], npu: ["10.89.28.11", "10.89.28.12"] },
      networkMode: "bridge",
      emulated: true,
      cpusPerNode: 1,
      objectStoreMiB: 100,
      sharedMemoryMiB: 256,
      problems: [],
    });
  });

  it("takes the addresses from the given subnet", () => {
    const place = new LocalBackend({ subnetCidr: "10.89.48.0/24" })._place(SHAPE);
    expect(place.addresses).toEqual({ head: ["10.89.48.10"], npu: ["10.89.48.11", "10.89.48.12"] });
  });

  it.each<[LocalBackendProps, string, string, string]>([
    [{ apiPort: 0 }, "RC200", "backend.apiPort", "0"],
    [{ apiPort: 80_000 }, "RC200", "backend.apiPort", "80000"],
    [{ apiPort: 80.5 }, "RC200", "backend.apiPort", "80.5"],
    [{ dockerHost: "/var/run/docker.sock" }, "RC201", "backend.dockerHost", "'/var/run/docker.sock'"],
    [{ dockerHost: "" }, "RC201", "backend.dockerHost", "nothing"],
    [{ cpusPerNode: 0 }, "RC202", "backend.cpusPerNode", "0"],
    [{ cpusPerNode: Number.NaN }, "RC202", "backend.cpusPerNode", "NaN"],
    [{ objectStoreMiB: 74 }, "RC203", "backend.objectStoreMiB", "74"],
    [{ sharedMemoryMiB: 99 }, "RC204", "backend.sharedMemoryMiB", "99"],
  ])("says what is wrong with %j", (props, rule, path, got) => {
    const { problems } = new LocalBackend(props)._place(SHAPE);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ rule, level: "error", path, got });
    expect(problems[0].allowed).not.toBe("");
    expect(problems[0].fix).not.toBe("");
  });

  it("lists all problems at once", () => {
    const { problems } = new LocalBackend({ apiPort: -1, cpusPerNode: 0, dockerHost: "x" })._place(SHAPE);
    expect(problems.map((problem) => problem.rule)).toEqual(["RC200", "RC201", "RC202"]);
  });
});
