import { TerraformVariable } from "cdktf";
import { parameterSource, s3Source, secretSource, UserData } from "../../../../lib/aws/cluster/user-data";
import { FsxLustreStorage } from "../../../../lib/aws/storage/fsx-lustre-storage";
import type { BootMount, BootSpec } from "../../../../lib/bootstrap/boot-spec";
import { USER_DATA_BUDGET_BYTES, userDataBytes } from "../../../../lib/bootstrap/cloud-config";
import { LmdeployServe } from "../../../../lib/engines/lmdeploy/lmdeploy-serve";
import { RayOnly } from "../../../../lib/engines/ray-only";
import { RollPipeline } from "../../../../lib/engines/roll/roll-pipeline";
import { RollProfile } from "../../../../lib/engines/roll/roll-profile";
import { VllmServe } from "../../../../lib/engines/vllm/vllm-serve";
import { containerSpec, withoutWorkload } from "../../../../lib/runtime/container-spec/make-container-spec";
import type { ClusterProps } from "../../../../lib/topology/declaration/cluster-props";
import { ContainerImage } from "../../../../lib/topology/declaration/container-image";
import { Fabric } from "../../../../lib/topology/declaration/fabric";
import { planCluster } from "../../../../lib/topology/planner";
import { hostsPlace, machineProps } from "../../../support/clusters";
import { bootSpec } from "../../bootstrap/support";
import { Synthesized } from "../../../support/synth";

const SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:ray-AbCdEf";

function synthesize(server: (variable: string) => string): Synthesized {
  return Synthesized.of((scope) => {
    const variable = new TerraformVariable(scope, "server", { type: "string" });
    const mounts = [
      { source: server(variable.stringValue), hostPath: "/m", type: "nfs4", options: [], after: [] },
    ];
    new UserData(scope, "boot", bootSpec({ mounts }));
  });
}

const textOf = (stack: Synthesized): string => Object.values<string>(stack.json.locals)[0];

test("user data keeps a late value as a reference and escapes everything else", () => {
  const stack = synthesize((variable) => `${variable}:/models`);
  const text = textOf(stack);
  expect(text).toContain("What=${var.server}:/models");
  expect(text.replace("${var.server}", "").match(/(?<!\$)[$%]\{/g)).toBeNull();
  expect(text).toContain("$${BASH_SOURCE[0]%/*}");
  stack.remove();
});

test("user data brings the source programs that it names", () => {
  const sources = (spec: Partial<BootSpec>) => {
    const stack = Synthesized.of((scope) => {
      new UserData(scope, "boot", bootSpec(spec));
    });
    const text = textOf(stack);
    stack.remove();
    return [...text.matchAll(/path: \S+\/sources\/(aws-\S+)/g)].map(([, name]) => name);
  };
  expect(sources({})).toEqual([]);
  expect(sources({ program: s3Source("us-east-1", "s3://b/k") })).toEqual(["aws-s3.sh"]);
  expect(
    sources({
      secrets: [{ name: "ray-token", source: secretSource("us-east-1", SECRET) }],
      stages: [{ source: { name: "aws-s3-sync.sh", arguments: ["us-east-1", "s3://b/m/"] }, folder: "/m" }],
      announce: {
        source: parameterSource("us-east-1", "/ray-cluster/a/ready"),
        workloads: s3Source("us-east-1", "s3://b/w/"),
      },
    }),
  ).toEqual(["aws-parameter.sh", "aws-s3.sh", "aws-s3-sync.sh", "aws-secret.sh"]);
});

/** As long as S3 allows. */
const BUCKET = "b".repeat(63);
const BOOT: Partial<BootSpec> = {
  program: s3Source("us-east-1", `s3://${BUCKET}/${"f".repeat(16)}.json`),
  secrets: [
    { name: "ray-token", source: secretSource("us-east-1", SECRET, true) },
    { name: "model", source: secretSource("us-east-1", SECRET) },
  ],
  diskFolder: "/opt/dlami/nvme",
  devices: [
    { name: "accelerators", count: 8, glob: "/dev/nvidia[0-9]*" },
    { name: "EFA-devices", count: 32, glob: "/dev/infiniband/uverbs*" },
  ],
  registry: {
    host: "111122223333.dkr.ecr.us-east-1.amazonaws.com",
    user: "AWS",
    source: { name: "aws-ecr.sh", arguments: ["us-east-1"] },
  },
  announce: {
    source: parameterSource("us-east-1", "/ray-cluster/llama-405b/ready"),
    workloads: s3Source("us-east-1", `s3://${BUCKET}/workloads/`),
  },
};
const STAGES = [
  {
    source: { name: "aws-s3-sync.sh", arguments: ["us-east-1", `s3://${BUCKET}/models/llama/`] },
    folder: "/opt/dlami/nvme/models",
  },
];
const LUSTRE = FsxLustreStorage.fromExisting("models", {
  dnsName: "fs-0123456789abcdef0.fsx.us-east-1.amazonaws.com",
  mountName: "abcdefgh",
  availabilityZone: "us-east-1a",
  efa: true,
}).mount as BootMount;
const VLLM = new VllmServe({ modelPath: "/models", tensorParallelSize: 8, pipelineParallelSize: 4 });
const DERIVED = ContainerImage.withPythonPackages(
  ContainerImage.of("public.ecr.aws/deep-learning-containers/vllm:server-cuda-v2.3"),
  ["ray==2.54.1"],
);

/** Topologies of the stacks, each with everything that its kind of boot may have. */
const TOPOLOGIES: readonly (readonly [string, Partial<ClusterProps>, Partial<BootSpec>])[] = [
  [
    "vLLM, image built on the machine, Lustre over EFA",
    { engine: VLLM, image: DERIVED },
    { mounts: [LUSTRE] },
  ],
  ["vLLM, files staged from S3", { engine: VLLM, image: DERIVED }, { mounts: [], stages: STAGES }],
  ["LMDeploy", { engine: new LmdeployServe({ modelPath: "/models" }) }, { mounts: [LUSTRE] }],
  [
    "ROLL",
    {
      engine: new RollPipeline({ profile: RollProfile.V100_MEMORY }),
      image: ContainerImage.of("registry.example/roll:1", { rayVersion: "2.48.0" }),
    },
    { mounts: [LUSTRE] },
  ],
  ["Ray alone", { engine: new RayOnly() }, { mounts: [LUSTRE], stages: STAGES }],
];

describe.each(TOPOLOGIES)("user data of %s", (_, cluster, boot) => {
  const plan = planCluster(machineProps({ fabric: Fabric.EFA, ...cluster }), hostsPlace());
  it.each(plan.nodes.slice(0, 2).map((node) => [node.role, node] as const))(
    "keeps the budget on the %s",
    (_role, node) => {
      const spec = bootSpec({
        // As the backend boots it.
        container: withoutWorkload(containerSpec(plan, node), plan, node),
        build: plan.image.derived,
        ...BOOT,
        ...boot,
      });
      const stack = Synthesized.of((scope) => {
        new UserData(scope, "boot", spec);
      });
      const bytes = userDataBytes(textOf(stack));
      stack.remove();
      expect(bytes).toBeLessThanOrEqual(USER_DATA_BUDGET_BYTES);
      // A boot of two files would keep it, too.
      expect(bytes).toBeGreaterThan(8_000);
    },
  );
});

test("user data reports a size that EC2 refuses", () => {
  const content = Array.from({ length: 40_000 }, (_, i) => Math.abs(Math.sin(i) * 1e7).toString(36)[2]).join(
    "",
  );
  expect(() =>
    Synthesized.of((scope) => {
      new UserData(scope, "boot", bootSpec({ files: [{ path: "/x", content }] }));
    }),
  ).toThrow(/test\/boot userData \[RC454\]: got \d+ bytes after gzip/);
});

test("a secret source names the secret by its ARN", () => {
  expect(secretSource("us-east-1", SECRET)).toEqual({
    name: "aws-secret.sh",
    arguments: ["us-east-1", SECRET],
  });
  expect(secretSource("us-east-1", SECRET, true).arguments.at(-1)).toBe("create");
});
