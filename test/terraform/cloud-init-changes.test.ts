import { TerraformResource, type TerraformStack } from "cdktf";
import {
  Accelerator,
  CloudInitBackend,
  type CloudInitBackendProps,
  CloudInitSite,
  EmulatedServe,
  Fabric,
  PacketFilter,
  RayCluster,
  type RayClusterProps,
  ReadinessCheck,
  SecretRef,
} from "../../lib";
import { imageOf, modelAt, OF_THE_WORKLOAD } from "../support/changed-declaration";
import { Deployed } from "../support/deployed-state";
import { describeWith, TERRAFORM } from "../support/requirements";
import { Synthesized } from "../support/synth";

jest.setTimeout(300_000);

interface Change {
  readonly cluster?: Partial<RayClusterProps>;
  readonly backend?: Partial<CloudInitBackendProps>;
  readonly nodes?: number;
}

/** A resource that keeps what it is given: it stands for a machine of whatever provider. */
function machine(stack: TerraformStack, id: string, userData: string): TerraformResource {
  const resource = new TerraformResource(stack, id, { terraformResourceType: "terraform_data" });
  resource.addOverride("input", userData);
  return resource;
}

/** A head, workers with addresses from their provider, and a model of a hub. */
function synth(readiness: ReadinessCheck, { cluster, backend, nodes = 3 }: Change): Synthesized {
  return Synthesized.of((scope) => {
    const made = new RayCluster(scope, "c", {
      backend: new CloudInitBackend({
        subnetCidr: "10.30.0.0/24",
        headAddress: "10.30.0.10",
        // A text of a few kilobytes in each plan.
        programUrl: "https://files.example/program.json",
        readiness,
        ...backend,
      }),
      pools: [{ name: "npu", nodes, accelerator: Accelerator.EMULATED_NPU, acceleratorsPerNode: 2 }],
      fabric: Fabric.TCP,
      image: imageOf("1"),
      engine: new EmulatedServe(),
      model: modelAt("1"),
      ...cluster,
    });
    const site = CloudInitSite.of(made.site);
    site.addMachines(
      made.plan.nodes.map(({ name }) => machine(scope, `machine-${name}`, site.userData(name))),
    );
  });
}

describeWith([TERRAFORM], "a changed declaration of machines that boot with cloud-init", () => {
  const made: Synthesized[] = [];
  afterAll(() => {
    made.forEach((stack) => {
      stack.remove();
    });
  });

  /** What a plan does beside its own record of the declaration's words, which is updated in place. */
  function plans(readiness: ReadinessCheck): (change: Change) => readonly string[] {
    const stackOf = (change: Change) => {
      const stack = synth(readiness, change);
      made.push(stack);
      return stack;
    };
    let deployed: Deployed | undefined;
    return (change) => {
      deployed ??= new Deployed(stackOf({}));
      return [...deployed.changesTo(stackOf(change))]
        .map(([address, action]) => `${address.replace(/^\w+\.(?:c_(.*)_[0-9A-F]{8})?/, "$1")} ${action}`)
        .filter((text) => text !== "lives update")
        .sort();
    };
  }

  const MACHINES = ["machine-npu-0", "machine-npu-1", "machine-npu-2"].map((name) => `${name} replace`);
  const ANEW = [...MACHINES, "ready replace", "texts replace"];
  const SECRET = { cluster: { secrets: { WANDB_API_KEY: SecretRef.hostFile("/root/key") } } };

  /** What belongs to machines and nodes, whatever brings the workload. */
  const OF_THE_TEXTS: readonly (readonly [string, Change])[] = [
    ["another image", { cluster: { image: imageOf("2") } }],
    ["a variable of the cluster", { cluster: { environment: { A: "1" } } }],
    ["TLS between the nodes", { cluster: { internodeTls: true } }],
    ["a longer time to stop", { cluster: { stopTimeoutSeconds: 30 } }],
    ["a further mount", { cluster: { extraMounts: [{ hostPath: "/opt/x" }] } }],
    ["a larger object store", { backend: { objectStoreMiB: 200 } }],
    ["a package", { backend: { packages: ["nfs-common"] } }],
    ["no packet filter", { backend: { packetFilter: PacketFilter.none() } }],
    ["a secret of the head", SECRET],
  ];

  describe("whose readiness check goes over ssh", () => {
    const planOf = plans(ReadinessCheck.ssh());

    it.each(OF_THE_WORKLOAD)("replaces the readiness check alone for %s", (_, change) => {
      expect(planOf(change)).toEqual(["ready replace"]);
    });

    it.each(OF_THE_TEXTS)("replaces all machines for %s", (_, change) => {
      expect(planOf(change)).toEqual(ANEW);
    });

    it.each<[string, Change, readonly string[]]>([
      ["one node more", { nodes: 4 }, ["machine-npu-3 create", "ready replace"]],
      ["one node less", { nodes: 2 }, ["machine-npu-2 delete", "ready replace"]],
      ["a longer time to boot", { backend: { bootTimeoutSeconds: 1800 } }, ANEW],
    ])("touches what it must for %s", (_, change, expected) => {
      expect(planOf(change)).toEqual(expected);
    });
  });

  describe("whose readiness check goes over HTTP", () => {
    const planOf = plans(ReadinessCheck.http());

    it.each([...OF_THE_WORKLOAD, ...OF_THE_TEXTS.slice(0, 2)])(
      "replaces all machines for %s",
      (_, change) => {
        expect(planOf(change)).toEqual(ANEW);
      },
    );
  });
});
