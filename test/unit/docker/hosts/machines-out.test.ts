import {
  Accelerator,
  ContainerImage,
  EmulatedServe,
  Fabric,
  type HostMachine,
  HostsBackend,
  RayCluster,
} from "../../../../lib";
import { Synthesized } from "../../../support/synth";

const IMAGE = ContainerImage.of(`registry.internal/vllm-ascend@sha256:${"0123456789abcdef".repeat(4)}`, {
  rayVersion: "2.58.0",
});
const MACHINES: readonly HostMachine[] = ["a", "b", "c"].map((letter, index) => ({
  name: `atlas-${letter}`,
  sshHost: `10.20.0.${index + 10}`,
  address: `10.30.0.${index + 10}`,
}));
/** Devices of each cluster of the stack. */
const HALVES = [
  [0, 1, 2, 3],
  [4, 5, 6, 7],
];
const withB = (status: string) => MACHINES.map((one) => (one.name === "atlas-b" ? { ...one, status } : one));

const made: Synthesized[] = [];
afterAll(() => {
  made.forEach((stack) => {
    stack.remove();
  });
});

/** Clusters of these machines in one stack, by the name of the cluster. */
function synth(clusters: { readonly [name: string]: readonly HostMachine[] }): Synthesized {
  const stack = Synthesized.of((scope) => {
    for (const [index, [name, hosts]] of Object.entries(clusters).entries()) {
      const nodes = hosts.filter(({ status }) => status === undefined).length;
      new RayCluster(scope, name, {
        backend: new HostsBackend({ hosts, subnetCidr: "10.30.0.0/24" }),
        pools: [{ name: "npu", nodes, accelerator: Accelerator.ASCEND_910B_64GB, devices: HALVES[index] }],
        fabric: Fabric.ROCE,
        image: IMAGE,
        engine: new EmulatedServe({ port: 8000 + index }),
        ports: { offset: 1000 * index },
        environment: { HCCL_IF_BASE_PORT: String(61000 + 100 * index) },
      });
    }
  });
  made.push(stack);
  return stack;
}

/** Addresses of the resources of a machine, by its letter. */
const partsOf = (stack: Synthesized, letter: string) =>
  Object.entries<object>(stack.json.resource)
    .flatMap(([type, resources]) => Object.keys(resources).map((name) => `${type}.${name}`))
    .filter((address) => address.includes(`_atlas-${letter}-`))
    .sort();
const ofDocker = (addresses: readonly string[]) => addresses.filter((one) => one.startsWith("docker_"));
const aliases = (stack: Synthesized) => stack.json.provider.docker.map(({ alias }: any) => alias).sort();

const all = synth({ c1: MACHINES });

describe("a machine in the middle that goes", () => {
  const after = synth({ c1: MACHINES.filter(({ name }) => name !== "atlas-b") });

  it("changes no address of the machines that stay", () => {
    for (const letter of ["a", "c"]) {
      expect(partsOf(all, letter)).toHaveLength(7);
      expect(partsOf(after, letter)).toEqual(partsOf(all, letter));
    }
    expect(partsOf(after, "b")).toEqual([]);
  });

  it("renames no container, and changes neither its volumes nor its health check", () => {
    const kept = (stack: Synthesized) => {
      const [address] = partsOf(stack, "c").filter((one) => one.startsWith("docker_container."));
      const { name, hostname, mounts, provider, healthcheck } =
        stack.resources("docker_container")[address.replace("docker_container.", "")];
      return { name, hostname, mounts, provider, healthcheck };
    };
    expect(kept(after)).toEqual(kept(all));
    expect(kept(after)).toMatchObject({ name: "c1-atlas-c", hostname: "atlas-c" });
  });

  it("changes the part of no node that stays", () => {
    const input = (stack: Synthesized) =>
      Object.entries(stack.resources("terraform_data")).find(([id]) => id.includes("_lives_"))![1].input;
    expect(input(after).node.hashes["atlas-a"]).toBe(input(all).node.hashes["atlas-a"]);
    expect(input(after).workload.pools).toEqual({ npu: { nodes: 2 } });
  });
});

describe("a machine that is retired", () => {
  const after = synth({ c1: withB("retired") });

  it("has nothing but its providers and what takes its packet filter away, so that Terraform removes the rest", () => {
    expect(partsOf(after, "b")).toEqual([
      expect.stringMatching(/^terraform_data\.c1_atlas-b-filter-removal_/),
    ]);
    expect(aliases(after)).toEqual(aliases(all));
    expect(after.json).not.toHaveProperty("removed");
  });

  it("is in no file of the cluster", () => {
    expect(after.file("hosts/c1.json")).not.toContain("atlas-b");
    expect(JSON.stringify(after.resources("docker_container"))).not.toContain("10.30.0.11");
  });
});

describe("a machine that is lost", () => {
  const after = synth({ c1: withB("lost") });

  it("keeps its provider, and Terraform forgets what was on it without destroying it", () => {
    expect(aliases(after)).toEqual(aliases(all));
    const forgotten = ofDocker(partsOf(all, "b"));
    expect(forgotten).toHaveLength(4);
    expect(after.json.removed.map(({ from }: any) => from).sort()).toEqual(forgotten);
    expect(after.json.removed.map(({ lifecycle }: any) => lifecycle)).toEqual(
      Array(4).fill([{ destroy: false }]),
    );
  });

  it("has no resource any more", () => {
    expect(partsOf(after, "b")).toEqual([]);
    expect(partsOf(after, "c")).toEqual(partsOf(all, "c"));
  });

  it("that was the head makes the next machine the head", () => {
    const lost = synth({
      c1: MACHINES.map((one, index) => (index === 0 ? { ...one, status: "lost" } : one)),
    });
    const [gate] = Object.entries(lost.resources("docker_container")).filter(([id]) => id.includes("_gate_"));
    expect(gate[1].provider).toBe("docker.containers-c1-ssh-root-10-20-0-11-22");
  });

  it("is forgotten by every cluster of the stack that had it", () => {
    const two = synth({ c1: withB("lost"), c2: withB("lost") });
    expect(two.json.removed).toHaveLength(8);
    expect(new Set(two.json.removed.map(({ from }: any) => from)).size).toBe(8);
  });
});

test("names of machines that look like parts of others are no conflict", () => {
  const names = ["gate", "lives", "a", "a-node", "a-check"];
  const hosts = names.map((name, index) => ({
    name,
    sshHost: `10.20.0.${index + 10}`,
    address: `10.30.0.${index + 10}`,
  }));
  expect(synth({ c1: hosts }).counts()).toMatchObject({ docker_container: 6, docker_volume: 10 });
});
