import { EmulatedServe, HostPathStorage, SecretRef } from "../../lib";
import { type Change, changed, MACHINES, imageOf, OF_THE_WORKLOAD } from "../support/changed-declaration";
import { Deployed } from "../support/deployed-state";
import { describeWith, DOCKER_PROVIDER, TERRAFORM } from "../support/requirements";
import type { Synthesized } from "../support/synth";

jest.setTimeout(300_000);

const [A, B, C, D] = MACHINES;

/** What belongs to every node: its container restarts; on Hosts its machine may be checked before. */
const OF_ALL_NODES: readonly (readonly [string, Change, "checked" | "not checked"])[] = [
  ["a variable of the cluster", { cluster: { environment: { A: "1" } } }, "not checked"],
  ["more accelerators of each node", { pool: { acceleratorsPerNode: 3 } }, "checked"],
  ["other devices", { pool: { devices: [4, 5] } }, "checked"],
  ["TLS between the nodes", { cluster: { internodeTls: true } }, "not checked"],
  ["a longer time to stop", { cluster: { stopTimeoutSeconds: 30 } }, "not checked"],
  ["a further capability", { cluster: { extraCapabilities: ["SYS_PTRACE"] } }, "not checked"],
  ["a further mount", { cluster: { extraMounts: [{ hostPath: "/opt/x" }] } }, "checked"],
  [
    "a larger object store",
    { local: { objectStoreMiB: 200 }, hosts: { objectStoreMiB: 200 } },
    "not checked",
  ],
];

const SECRET: Change = { cluster: { secrets: { WANDB_API_KEY: SecretRef.hostFile("/root/key") } } };
const PORT: Change = { cluster: { engine: new EmulatedServe({ port: 9000 }) } };
const IMAGE: Change = { cluster: { image: imageOf("2") } };
const STORAGE: Change = { cluster: { storage: [HostPathStorage.shared("/mnt/x")] } };

const replaced = (...parts: readonly string[]) => parts.map((part) => `${part} replace`);
const each = (action: string, names: readonly string[], ...parts: readonly string[]) =>
  names.flatMap((name) => parts.map((part) => `${name}${part} ${action}`));

describeWith([TERRAFORM, DOCKER_PROVIDER], "a changed declaration", () => {
  const made: Synthesized[] = [];
  afterAll(() => {
    made.forEach((stack) => {
      stack.remove();
    });
  });

  const stackOf = (place: "local" | "hosts", change: Change = {}) => {
    const stack = changed(place, change);
    made.push(stack);
    return stack;
  };

  /** What a plan does beside its own record of the declaration's words, which is updated in place. */
  function planOf(deployed: Deployed, place: "local" | "hosts", change: Change): readonly string[] {
    const short = (address: string) => address.replace(/^\w+\.c_(.*)_[0-9A-F]{8}$/, "$1");
    return [...deployed.changesTo(stackOf(place, change))]
      .map(([address, action]) => `${short(address)} ${action}`)
      .filter((text) => text !== "lives update")
      .sort();
  }

  describe("of a local cluster", () => {
    let deployed: Deployed;
    beforeAll(() => {
      deployed = new Deployed(stackOf("local"));
    });
    const NODES = ["npu-0", "npu-1", "npu-2"];

    it.each(OF_THE_WORKLOAD)("replaces the readiness check alone for %s", (_, change) => {
      expect(planOf(deployed, "local", change)).toEqual(replaced("gate"));
    });

    it.each(OF_ALL_NODES)("starts every container again for %s", (_, change) => {
      expect(planOf(deployed, "local", change)).toEqual(replaced("gate", ...NODES));
    });

    it.each<[string, Change, readonly string[]]>([
      ["one node more", { pool: { nodes: 4 } }, ["gate replace", "npu-3 create", "npu-3-models create"]],
      ["one node less", { pool: { nodes: 2 } }, ["gate replace", "npu-2 delete", "npu-2-models delete"]],
      ["another image", IMAGE, replaced("gate", ...NODES)],
      ["another port of the API", PORT, replaced("gate", "npu-0")],
      ["a secret of the head", SECRET, replaced("gate", "npu-0")],
      ["another port of the Docker host", { local: { apiPort: 9000 } }, replaced("gate", "npu-0")],
      ["other storage", STORAGE, [...replaced("gate", ...NODES), ...each("delete", NODES, "-models")].sort()],
      ["another network", { local: { subnetCidr: "10.89.29.0/24" } }, replaced("gate", "network", ...NODES)],
    ])("touches what it must for %s", (_, change, expected) => {
      expect(planOf(deployed, "local", change)).toEqual(expected);
    });
  });

  describe("of existing machines", () => {
    let deployed: Deployed;
    beforeAll(() => {
      deployed = new Deployed(stackOf("hosts"));
    });
    const NODES = ["a", "b", "c"];
    const PARTS = ["-node", "-image", "-secrets", "-state"];
    const COMMANDS = ["-check", "-token", "-filter"];
    /** Renewed on a machine that stays: it names the members. */
    const filters = (...names: readonly string[]) => replaced(...names.map((name) => `${name}-filter`));
    const containers = replaced("gate", ...NODES.map((name) => `${name}-node`));
    const checks = replaced(...NODES.map((name) => `${name}-check`));

    it.each(OF_THE_WORKLOAD)("replaces the readiness check alone for %s", (_, change) => {
      expect(planOf(deployed, "hosts", change)).toEqual(replaced("gate"));
    });

    it.each(OF_ALL_NODES)("starts every container again for %s", (_, change, checked) => {
      expect(planOf(deployed, "hosts", change)).toEqual(
        [...containers, ...(checked === "checked" ? checks : [])].sort(),
      );
    });

    it.each<[string, Change, readonly string[]]>([
      [
        "one machine more",
        { pool: { nodes: 4 }, hosts: { hosts: MACHINES } },
        ["gate replace", ...filters(...NODES), ...each("create", ["d"], ...PARTS, ...COMMANDS)],
      ],
      [
        "a machine in the middle that is retired",
        { pool: { nodes: 2 }, hosts: { hosts: [A, { ...B, status: "retired" }, C] } },
        [
          ...["gate replace", "b-filter-removal create", ...filters("a", "c")],
          ...each("delete", ["b"], ...PARTS, ...COMMANDS),
        ],
      ],
      [
        "a machine that is lost",
        { pool: { nodes: 2 }, hosts: { hosts: [A, { ...B, status: "lost" }, C] } },
        [
          ...["gate replace", ...filters("a", "c"), ...each("forget", ["b"], ...PARTS)],
          ...each("delete", ["b"], ...COMMANDS),
        ],
      ],
      [
        "another machine in place of one that is lost",
        { hosts: { hosts: [A, { ...B, status: "lost" }, C, D] } },
        [
          "gate replace",
          ...filters("a", "c"),
          ...each("forget", ["b"], ...PARTS),
          ...each("delete", ["b"], ...COMMANDS),
          ...each("create", ["d"], ...PARTS, ...COMMANDS),
        ],
      ],
      // The check looks for the image, and for room where it is not there yet.
      [
        "another image",
        IMAGE,
        [...containers, ...checks, ...replaced(...NODES.map((name) => `${name}-image`)), "images update"],
      ],
      ["another port of the API", PORT, replaced("a-check", "a-filter", "gate")],
      ["a secret of the head", SECRET, replaced("a-check", "a-node", "gate")],
      ["other storage", STORAGE, [...containers, ...checks]],
      ["another port of ssh", { hosts: { sshPort: 2222 } }, filters(...NODES)],
      [
        "another way to a machine",
        { hosts: { hosts: [A, { ...B, sshHost: "10.20.9.9" }, C] } },
        replaced("b-check", "b-filter"),
      ],
      ["a longer time to pull", { hosts: { imagePullTimeoutSeconds: 60 } }, []],
    ])("touches what it must for %s", (_, change, expected) => {
      expect(planOf(deployed, "hosts", change)).toEqual([...expected].sort());
    });

    it("is refused by Terraform where a machine is deleted that was not marked before", () => {
      const change = { pool: { nodes: 2 }, hosts: { hosts: [A, B] } };
      let said: unknown;
      try {
        planOf(deployed, "hosts", change);
      } catch (error) {
        // As data, with what it would do.
        said = (error as { stdout?: unknown }).stdout;
      }
      expect(said).toContain("Provider configuration not present");
    });
  });
});
