import { HostsBackend, LocalBackend, RayCluster, type RayClusterProps } from "../../lib";
import { EmulatedServe } from "../../lib/engines/emulated/emulated-serve";
import { VllmServe } from "../../lib/engines/vllm/vllm-serve";
import { AwsInstanceType } from "../../lib/aws/pool/instance-type";
import { Accelerator } from "../../lib/topology/declaration/accelerator";
import { ContainerImage } from "../../lib/topology/declaration/container-image";
import { Fabric } from "../../lib/topology/declaration/fabric";
import { awsCluster } from "../support/aws-clusters";
import { Synthesized } from "../support/synth";
import { site } from "./cloud-init/support";

const IMAGE = ContainerImage.of("registry.example/vllm:1.2.3", { rayVersion: "2.58.0" });
const MACHINES = [1, 2, 3, 4].map((host) => ({
  name: `gpu-${host}`,
  sshHost: `10.20.0.${host}`,
  address: `10.30.0.${host}`,
}));

type Change = Pick<Partial<RayClusterProps>, "engine"> & { readonly nodes: number };
const pools = (accelerator: Accelerator, nodes: number) => [{ name: "gpu", nodes, accelerator }];

/** The same cluster in each place. */
const PLACES: { readonly [place: string]: (change: Change) => Synthesized } = {
  local: ({ nodes, engine = new EmulatedServe() }) =>
    Synthesized.of((stack) => {
      new RayCluster(stack, "llama", {
        backend: new LocalBackend(),
        pools: pools(Accelerator.EMULATED_GPU, nodes),
        fabric: Fabric.TCP,
        image: LocalBackend.emulationImage(),
        engine,
      });
    }),
  hosts: ({ nodes, engine = new EmulatedServe() }) =>
    Synthesized.of((stack) => {
      new RayCluster(stack, "llama", {
        backend: new HostsBackend({ hosts: MACHINES.slice(0, nodes), subnetCidr: "10.30.0.0/24" }),
        pools: pools(Accelerator.H100, nodes),
        fabric: Fabric.TCP,
        image: IMAGE,
        engine,
      });
    }),
  "cloud-init": ({ nodes, engine = new EmulatedServe() }) =>
    Synthesized.of((stack) => void site(stack, {}, { pools: pools(Accelerator.H100, nodes), engine })),
  aws: ({ nodes, engine }) =>
    awsCluster({
      cluster: {
        pools: [AwsInstanceType.of("p5.48xlarge").nodePool("gpu", nodes)],
        engine: engine ?? new VllmServe(),
      },
    }),
};

/** The record of a cluster's terms, and the lives whose hashes or number are others. */
function termsOf(place: string, change: Change) {
  const stack = PLACES[place](change);
  stack.remove();
  const records = Object.entries(stack.resources("terraform_data")).filter(([id]) => id.includes("_lives_"));
  expect(records).toHaveLength(1);
  return records[0][1].input;
}

describe.each(Object.keys(PLACES))("the record of a cluster's terms in the place '%s'", (place) => {
  const before = termsOf(place, { nodes: 2 });

  it("has the declaration's words by life", () => {
    expect(before.workload.pools).toEqual({ gpu: { nodes: 2 } });
    expect(before.node.image).toEqual(expect.any(String));
    expect(before.machine.fabric).toBe(place === "aws" ? "efa" : "tcp");
  });

  it("shows more nodes as a change of the workload alone", () => {
    const after = termsOf(place, { nodes: 4 });
    expect(after.workload.pools).toEqual({ gpu: { nodes: 4 } });
    expect(after.workload.number).not.toBe(before.workload.number);
    expect([after.machine, after.node]).toEqual([before.machine, before.node]);
  });

  it("shows a changed engine's property as a change of the workload alone", () => {
    const [one, other] = [4096, 8192].map((length) =>
      termsOf(place, {
        nodes: 2,
        engine:
          place === "aws"
            ? new VllmServe({ maxModelLen: length })
            : new EmulatedServe({ servedModel: `emulated-${length}` }),
      }),
    );
    expect(other.workload.engine).toMatchObject(
      place === "aws" ? { maxModelLen: 8192 } : { servedModel: "emulated-8192" },
    );
    expect(other.workload.number).not.toBe(one.workload.number);
    expect([other.machine, other.node]).toEqual([one.machine, one.node]);
  });
});
