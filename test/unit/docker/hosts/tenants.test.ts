import { join } from "node:path";
import { App, TerraformStack } from "cdktf";
import { Construct } from "constructs";
import {
  Accelerator,
  ContainerImage,
  EmulatedServe,
  Fabric,
  type HostMachine,
  HostsBackend,
  RayCluster,
  type RayClusterProps,
  RayOnly,
} from "../../../../lib";
import { TENANT_TOPIC } from "../../../../lib/docker/hosts/tenant-rules";
import { PlanError, problemLine } from "../../../../lib/problems/plan-error";
import type { Problem } from "../../../../lib/problems/problem";
import { throwProblems } from "../../../../lib/terraform/app-problems";
import { expectGolden } from "../../../support/golden";

const MACHINES: readonly HostMachine[] = ["a", "b"].map((letter, index) => ({
  name: `atlas-${letter}`,
  sshHost: `10.1.0.${index + 10}`,
  address: `10.2.0.${index + 10}`,
}));
const OTHERS = MACHINES.map(({ name }, index) => ({
  name,
  sshHost: `10.9.0.${index + 10}`,
  address: `10.2.0.${index + 10}`,
}));

type Change = Partial<RayClusterProps> & {
  readonly id?: string;
  readonly hosts?: readonly HostMachine[];
  readonly devices?: readonly number[];
  readonly accelerator?: Accelerator;
};

const FIRST: Change = { id: "one", devices: [0, 1, 2, 3] };
/** Everything apart from the first cluster's. */
const SECOND: Change = {
  id: "two",
  devices: [4, 5, 6, 7],
  ports: { offset: 1000 },
  engine: new EmulatedServe({ port: 9000 }),
  environment: { HCCL_IF_BASE_PORT: "61000" },
};

function cluster(scope: Construct, change: Change): void {
  const {
    id = "one",
    hosts = MACHINES,
    devices,
    accelerator = Accelerator.ASCEND_910B_64GB,
    ...more
  } = change;
  new RayCluster(scope, id, {
    backend: new HostsBackend({ hosts, subnetCidr: "10.2.0.0/24" }),
    pools: [{ name: "npu", nodes: hosts.length, accelerator, devices }],
    fabric: accelerator === Accelerator.MI300X ? Fabric.TCP : Fabric.ROCE,
    image: ContainerImage.of("registry.internal/vllm:1", { rayVersion: "2.58.0" }),
    engine: new EmulatedServe(),
    ...more,
  });
}

/** Problems of clusters of one stack, each in a construct of its own. */
function problemsOf(...clusters: readonly Change[]): readonly Problem[] {
  const app = new App();
  const stack = new TerraformStack(app, "stack");
  clusters.forEach((change, index) => {
    cluster(new Construct(stack, String(index + 1)), change);
  });
  try {
    throwProblems(app);
  } catch (error) {
    if (error instanceof PlanError) {
      return error.problems;
    }
    throw error;
  }
  return [];
}

const AMD: Change = { accelerator: Accelerator.MI300X, devices: undefined, environment: {} };

/** One mistake each. */
const BAD: readonly (readonly [string, string, string, Change, Change])[] = [
  ["RC328", "pools[0].devices", "/dev/davinci3 on atlas-a, atlas-b", FIRST, { ...SECOND, devices: [3, 4] }],
  [
    "RC328",
    "pools[0].devices",
    "/dev/davinci4, /dev/davinci5 on atlas-b",
    { ...FIRST, devices: undefined, hosts: MACHINES.slice(1) },
    { ...SECOND, devices: [4, 5] },
  ],
  [
    "RC328",
    "pools[0].devices",
    "/dev/dri, /dev/kfd on atlas-a, atlas-b",
    { ...FIRST, ...AMD },
    { ...SECOND, ...AMD },
  ],
  [
    "RC329",
    "ports",
    "6377 (node-files), 6378 (node-report), 6379 (gcs), 6380 (node-manager) and 10 more on atlas-a, atlas-b",
    FIRST,
    { ...SECOND, ports: undefined },
  ],
  ["RC329", "ports", "8000 (engine) on atlas-a", FIRST, { ...SECOND, engine: new EmulatedServe() }],
  ["RC329", "ports", "60000-60031 (hccl-host) on atlas-a, atlas-b", FIRST, { ...SECOND, environment: {} }],
  ["RC330", "name", "volume one-secrets on atlas-a, atlas-b", FIRST, { ...SECOND, id: "one-secrets" }],
];

test.each(BAD)("%s reports %s with %s of the later cluster", (rule, path, got, first, second) => {
  const construct = `stack/2/${second.id}`;
  expect(problemsOf(first, second)).toEqual([expect.objectContaining({ rule, path, got, construct })]);
});

describe("clusters of different stacks", () => {
  const warningsOf = (second: Change) => {
    const app = new App();
    cluster(new TerraformStack(app, "stack-1"), FIRST);
    const stack = new TerraformStack(app, "stack-2");
    cluster(stack, second);
    throwProblems(app);
    return stack.node.findAll().flatMap(({ node }) => node.metadata.map(({ data }) => String(data)));
  };

  test("may have the same machines, with a warning", () => {
    const warnings = warningsOf({ ...SECOND, devices: [3, 4] }).filter((text) => text.includes("RC331"));
    expect(warnings).toEqual([
      "pools[0].devices [RC331]: /dev/davinci3 on atlas-a, atlas-b is also that of the cluster 'stack-1/one', and only one " +
        "of the two can be deployed at a time. Choose the devices of both pools, e.g. devices: [0, 1, 2, 3] and [4, 5, 6, 7].",
    ]);
  });

  test("that are apart have no warning", () => {
    expect(warningsOf(SECOND).filter((text) => text.includes("RC331"))).toEqual([]);
  });
});

test("every rule has a bad input", () => {
  const errors = TENANT_TOPIC.rules.filter(({ level }) => level === "error");
  expect(new Set(BAD.map(([rule]) => rule))).toEqual(new Set(errors.map(({ id }) => id)));
});

test("the sentences of all rules", () => {
  const lines = BAD.flatMap(([, , , first, second]) => problemsOf(first, second).map(problemLine));
  expectGolden(join(__dirname, "golden/tenants.txt"), `${lines.join("\n")}\n`);
});

test.each<[string, readonly Change[]]>([
  ["two halves of the same machines", [FIRST, SECOND]],
  ["the first half by default", [{ ...FIRST, devices: undefined, pools: npus(4) }, SECOND]],
  ["other machines with the same names and addresses", [FIRST, { ...FIRST, id: "two", hosts: OTHERS }]],
  ["the machines of examples", [example(FIRST), example({ ...FIRST, id: "two" })]],
  [
    "a machine that is retired in one of them",
    [retired(FIRST), { ...FIRST, id: "two", hosts: MACHINES.slice(0, 1) }],
  ],
  [
    "one head beside the other's worker, with the same port of the API",
    [headOn(1, FIRST), { ...headOn(0, SECOND), engine: new EmulatedServe() }],
  ],
])("clusters with %s have no problem", (_, clusters) => {
  expect(problemsOf(...clusters)).toEqual([]);
});

test("a cluster without accelerators shares a machine with any other", () => {
  const none: Change = {
    ...SECOND,
    pools: [{ name: "cpu", nodes: 2 }],
    engine: new RayOnly(),
    fabric: Fabric.TCP,
  };
  expect(problemsOf(FIRST, { ...none, environment: {} })).toEqual([]);
});

function npus(acceleratorsPerNode: number) {
  return [{ name: "npu", nodes: 2, accelerator: Accelerator.ASCEND_910B_64GB, acceleratorsPerNode }];
}

/** The first machine is retired, and another takes its place. */
function retired(change: Change): Change {
  const hosts = [{ ...MACHINES[0], status: "retired" }, MACHINES[1]];
  return { ...change, hosts, pools: [{ ...npus(4)[0], nodes: 1 }] };
}

function headOn(index: number, change: Change): Change {
  return { ...change, hosts: [MACHINES[index], MACHINES[1 - index]] };
}

function example(change: Change): Change {
  return { ...change, hosts: MACHINES.map((one, index) => ({ ...one, sshHost: `192.0.2.${index + 1}` })) };
}
