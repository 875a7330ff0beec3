import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import type { TerraformStack } from "cdktf";
import { AwsClusterNetwork } from "../../../../lib/aws/network/cluster-network";
import {
  FsxLustreStorage,
  type FsxLustreStorageProps,
  FsxLustreTier,
} from "../../../../lib/aws/storage/fsx-lustre-storage";
import type { IClusterNetwork } from "../../../../lib/aws/network/network-props";
import { EfsStorage, NfsStorage } from "../../../../lib/aws/storage/nfs-storage";
import type { IAwsStorage } from "../../../../lib/aws/storage/storage";
import { allow } from "../../../../lib/aws/policy";
import { S3StagedStorage, type S3StagedStorageProps } from "../../../../lib/aws/storage/s3-staged-storage";
import {
  checkLustre,
  lustreRules,
  type LustreSpec,
  stagedRules,
} from "../../../../lib/aws/storage/storage-rules";
import { problemLine } from "../../../../lib/problems/plan-error";
import { Synthesized } from "../../../support/synth";

const MACHINES = "sg-0123456789abcdef0";

const stacks: Synthesized[] = [];
afterAll(() => {
  stacks.forEach((stack) => {
    stack.remove();
  });
});

function synthesize(build: (scope: TerraformStack, network: IClusterNetwork) => void): Synthesized {
  const stack = Synthesized.of((scope) => {
    new AwsProvider(scope, "aws", { region: "us-east-1" });
    const network = AwsClusterNetwork.fromExisting(scope, "network", {
      vpcId: "vpc-0123456789abcdef0",
      subnetId: "subnet-0123456789abcdef0",
      subnetCidr: "10.0.0.0/16",
      availabilityZone: "us-east-1a",
      securityGroupId: MACHINES,
    });
    build(scope, network);
  });
  stacks.push(stack);
  return stack;
}

const lustre = (props: Partial<FsxLustreStorageProps> = {}) =>
  synthesize((scope, network) => {
    new FsxLustreStorage(scope, "models", { network, capacityTiB: 9.6, ...props });
  });
const all = (stack: Synthesized, type: string) => Object.values(stack.resources(type));

/** Rules as `from > to ports`, `machines` and `servers` for the groups. */
function rules(stack: Synthesized, way: "ingress" | "egress"): string[] {
  const who = (id: string) => (id === MACHINES ? "machines" : "servers");
  return all(stack, `aws_vpc_security_group_${way}_rule`)
    .map((rule) => {
      const [own, other] = [who(rule.security_group_id), who(rule.referenced_security_group_id)];
      const ports = rule.ip_protocol === "-1" ? "all" : `${rule.from_port}-${rule.to_port}`;
      return way === "egress" ? `${own} > ${other} ${ports}` : `${other} > ${own} ${ports}`;
    })
    .sort();
}

describe("FSx for Lustre", () => {
  it("is a persistent file system beside the machines, with a group of its own", () => {
    const stack = lustre();
    expect(stack.counts()).toEqual({
      aws_fsx_lustre_file_system: 1,
      aws_security_group: 1,
      aws_vpc_security_group_egress_rule: 6,
      aws_vpc_security_group_ingress_rule: 6,
    });
    const [fileSystem] = all(stack, "aws_fsx_lustre_file_system");
    expect(fileSystem).toMatchObject({
      deployment_type: "PERSISTENT_2",
      per_unit_storage_throughput: 1000,
      storage_capacity: 9600,
      storage_type: "SSD",
      file_system_type_version: "2.15",
      subnet_ids: ["subnet-0123456789abcdef0"],
    });
    expect(fileSystem).not.toHaveProperty("efa_enabled");
    expect(fileSystem).not.toHaveProperty("metadata_configuration");
  });

  it("talks on Lustre's ports, both ways and among its servers, out and in alike", () => {
    const expected = ["machines > servers", "servers > machines", "servers > servers"].flatMap((way) => [
      `${way} 1018-1023`,
      `${way} 988-988`,
    ]);
    expect(rules(lustre(), "egress")).toEqual(expected);
    expect(rules(lustre(), "ingress")).toEqual(expected);
    expect(lustre().text).not.toContain("cidr_ipv4");
  });

  it("with EFA talks all traffic by group, and says so from its creation on", () => {
    const stack = lustre({ efa: true });
    const expected = ["machines > servers all", "servers > machines all", "servers > servers all"];
    expect(rules(stack, "egress")).toEqual(expected);
    expect(rules(stack, "ingress")).toEqual(expected);
    expect(all(stack, "aws_fsx_lustre_file_system")).toMatchObject([
      { efa_enabled: true, metadata_configuration: { mode: "AUTOMATIC" } },
    ]);
  });

  it("as scratch has no throughput to choose", () => {
    const [fileSystem] = all(
      lustre({ tier: FsxLustreTier.SCRATCH, capacityTiB: 1.2 }),
      "aws_fsx_lustre_file_system",
    );
    expect(fileSystem).toMatchObject({ deployment_type: "SCRATCH_2", storage_capacity: 1200 });
    expect(fileSystem).not.toHaveProperty("per_unit_storage_throughput");
  });

  it("shows a bucket, and what is put there later", () => {
    const stack = lustre({ dataRepositoryUri: "s3://my-models/llama/" });
    expect(all(stack, "aws_fsx_data_repository_association")).toMatchObject([
      {
        data_repository_path: "s3://my-models/llama/",
        file_system_path: "/",
        s3: { auto_import_policy: { events: ["NEW", "CHANGED", "DELETED"] } },
      },
    ]);
  });

  it("is mounted by name, after the network, and with EFA after its client", () => {
    const seen: IAwsStorage[] = [];
    synthesize((scope, network) => {
      seen.push(new FsxLustreStorage(scope, "a", { network, capacityTiB: 2.4 }));
      seen.push(new FsxLustreStorage(scope, "b", { network, capacityTiB: 4.8, efa: true, mountPath: "/m" }));
    });
    expect(seen[0]).toMatchObject({
      hostPath: "/mnt/a",
      mountPath: "/models",
      isShared: true,
      isReachedByEfa: false,
      availabilityZone: "us-east-1a",
      mount: { type: "lustre", options: ["relatime", "flock"] },
    });
    expect(seen[0].mount?.source).toMatch(/^\$\{TfToken\[TOKEN\.\d+\]\}@tcp:\/\$\{TfToken\[TOKEN\.\d+\]\}$/);
    expect(seen[1]).toMatchObject({ mountPath: "/m", isReachedByEfa: true });
    expect(seen[0].mount).toMatchObject({ after: ["systemd-networkd-wait-online.service"], files: [] });
    expect(seen[1].mount?.after).toContain("ray-cluster-lustre-efa.service");
    expect(seen[1].mount?.files?.map(({ path, mode }) => [path, mode])).toEqual([
      ["/etc/systemd/system/ray-cluster-lustre-efa.service", "0644"],
      ["/usr/local/lib/ray-cluster/lustre-over-efa.sh", "0755"],
    ]);
  });

  it("that exists is made of its names alone", () => {
    const existing = { dnsName: "fs-1.fsx.us-east-1.amazonaws.com", mountName: "abcdef" };
    const storage = FsxLustreStorage.fromExisting("old", { ...existing, availabilityZone: "us-east-1a" });
    expect(storage.mount?.source).toBe("fs-1.fsx.us-east-1.amazonaws.com@tcp:/abcdef");
    expect(storage).toMatchObject({ hostPath: "/mnt/old", isReachedByEfa: false });
  });
});

const GOOD: LustreSpec = { tier: "persistent-1000", capacityTiB: 9.6, efa: false, hasKmsKey: false };
const BAD: readonly [Partial<LustreSpec>, string][] = [
  [
    { capacityTiB: 3 },
    "capacityTiB [RC460]: must be 1.2 or a multiple of 2.4 for persistent-1000, got 3; use 4.8",
  ],
  [
    { capacityTiB: -1 },
    "capacityTiB [RC460]: must be 1.2 or a multiple of 2.4 for persistent-1000, got -1; use 2.4",
  ],
  [
    { capacityTiB: 2.4, efa: true },
    "capacityTiB [RC460]: must be a multiple of 4.8 for persistent-1000 with EFA, got 2.4; use 4.8",
  ],
  [
    { tier: "persistent-125", efa: true },
    "capacityTiB [RC460]: must be a multiple of 38.4 for persistent-125 with EFA, got 9.6; use 38.4",
  ],
  [
    { tier: "scratch", efa: true },
    "efa [RC461]: must be false for scratch: only persistent file systems have EFA, from their creation on, got true; choose a persistent tier, or leave efa out",
  ],
  [
    { tier: "scratch", hasKmsKey: true },
    "kmsKeyArn [RC462]: must be left out for scratch, which AWS encrypts with a key of its own, got a key; leave it out, or choose a persistent tier",
  ],
  [
    { dataRepositoryUri: "my-models" },
    "dataRepositoryUri [RC463]: must be the URI of a bucket or of a prefix in it, got 'my-models'; write e.g. 's3://my-models/llama/'",
  ],
];

describe("rules of Lustre", () => {
  it.each(BAD)("%j", (props, line) => {
    expect(checkLustre({ ...GOOD, ...props }).map(problemLine)).toEqual([`  - ${line}`]);
  });

  it.each([1.2, 2.4, 4.8, 7.2, 9.6, 24, 100.8])("%f TiB are sold", (capacityTiB) => {
    expect(checkLustre({ ...GOOD, capacityTiB })).toEqual([]);
  });

  it("each have a bad input here", () => {
    const tried = new Set(BAD.map(([, line]) => /\[(RC\d+)\]/.exec(line)?.[1]));
    expect([...tried].sort()).toEqual(lustreRules.map(({ id }) => id).sort());
  });
});

describe("files staged from S3", () => {
  const staged = (props: Partial<S3StagedStorageProps> = {}) => {
    const seen: S3StagedStorage[] = [];
    const stack = synthesize((scope) => {
      seen.push(new S3StagedStorage(scope, "llama", { uri: "s3://my-models/llama/405b/", ...props }));
    });
    return { stack, storage: seen[0] };
  };
  const region = expect.stringMatching(/^\$\{TfToken\[TOKEN\.\d+\]\}$/);

  it("lie on each machine's own disk, and nothing is made for them", () => {
    const { stack, storage } = staged();
    expect(stack.counts()).toEqual({});
    expect(storage).toMatchObject({
      hostPath: "/opt/dlami/nvme/llama",
      mountPath: "/models",
      isShared: false,
      isReachedByEfa: false,
      diskFolder: "/opt/dlami/nvme",
      stage: {
        source: { name: "aws-s3-sync.sh", arguments: [region, "s3://my-models/llama/405b/"] },
        folder: "/opt/dlami/nvme/llama",
      },
    });
    expect(storage).not.toHaveProperty("mount");
  });

  it("are all that the machines may list and read", () => {
    const { stack, storage } = staged({ kmsKeyArn: "arn:aws:kms:us-east-1:111122223333:key/k" });
    const arn = expect.stringMatching(/^arn:\S+:s3:::my-models$/);
    expect(storage.permissions).toEqual([
      { actions: ["s3:ListBucket"], resources: [arn], onlyPrefix: "llama/405b/" },
      {
        actions: ["s3:GetObject"],
        resources: [expect.stringMatching(/^arn:\S+:s3:::my-models\/llama\/405b\/\*$/)],
      },
      { actions: ["kms:Decrypt"], resources: ["arn:aws:kms:us-east-1:111122223333:key/k"] },
    ]);
    expect(Object.keys(stack.json.data).sort()).toEqual(["aws_partition", "aws_region"]);
    const [list, get] = JSON.parse(allow(storage.permissions)).Statement;
    expect(list.Condition).toEqual({ StringLike: { "s3:prefix": ["llama/405b/*"] } });
    expect(get).not.toHaveProperty("Condition");
  });

  it("may be a whole bucket", () => {
    const { storage } = staged({ uri: "s3://my-models/" });
    expect(JSON.parse(allow(storage.permissions)).Statement[0]).not.toHaveProperty("Condition");
    expect(storage.permissions[1].resources[0]).toMatch(/my-models\/\*$/);
  });

  it("lie where the machine image has its disk", () => {
    expect(staged({ diskFolder: "/mnt/disk", mountPath: "/m" }).storage).toMatchObject({
      hostPath: "/mnt/disk/llama",
      mountPath: "/m",
      diskFolder: "/mnt/disk",
    });
  });

  const bad: readonly [Partial<S3StagedStorageProps>, string][] = [
    [
      { uri: "s3://my-models/llama" },
      "uri [RC464]: must be the URI of a prefix, with a slash at its end, got 's3://my-models/llama'; write e.g. 's3://my-models/llama/'",
    ],
    [
      { uri: "my-models/llama/" },
      "uri [RC464]: must be the URI of a prefix, with a slash at its end, got 'my-models/llama/'; write e.g. 's3://my-models/llama/'",
    ],
    [
      { hostPath: "/models" },
      "hostPath [RC465]: must be a folder below '/opt/dlami/nvme', of letters, digits, '_', '.' and '-', got '/models'; leave it out, or name the disk's own folder as diskFolder",
    ],
    [
      { hostPath: "/opt/dlami/nvme/a b" },
      "hostPath [RC465]: must be a folder below '/opt/dlami/nvme', of letters, digits, '_', '.' and '-', got '/opt/dlami/nvme/a b'; leave it out, or name the disk's own folder as diskFolder",
    ],
  ];

  it.each(bad)("%j is refused", (props, line) => {
    expect(() => staged(props)).toThrow(`cannot plan storage 'llama': 1 problem\n  - ${line}`);
  });

  it("have a bad input here for each rule", () => {
    const tried = new Set(bad.map(([, line]) => /\[(RC\d+)\]/.exec(line)?.[1]));
    expect([...tried].sort()).toEqual(stagedRules.map(({ id }) => id).sort());
  });
});

describe("EFS", () => {
  it("is encrypted, in the zone of the machines, and reached on one port", () => {
    const stack = synthesize((scope, network) => {
      new EfsStorage(scope, "small", { network });
    });
    expect(stack.counts()).toEqual({
      aws_efs_file_system: 1,
      aws_efs_mount_target: 1,
      aws_security_group: 1,
      aws_vpc_security_group_egress_rule: 1,
      aws_vpc_security_group_ingress_rule: 1,
    });
    expect(all(stack, "aws_efs_file_system")).toMatchObject([
      { encrypted: true, throughput_mode: "elastic" },
    ]);
    expect(rules(stack, "egress")).toEqual(["machines > servers 2049-2049"]);
    expect(rules(stack, "ingress")).toEqual(["machines > servers 2049-2049"]);
  });

  it("that exists is made of its name alone", () => {
    expect(EfsStorage.fromExisting("old", { dnsName: "fs-1.efs.example" }).mount).toMatchObject({
      source: "fs-1.efs.example:/",
      type: "nfs4",
    });
  });
});

describe("NFS", () => {
  it("makes nothing, but lets the machines out to its server where that is said", () => {
    const seen: IAwsStorage[] = [];
    const server = { server: "10.30.0.7", exportPath: "/srv/models" };
    const stack = synthesize((scope, network) => {
      seen.push(new NfsStorage(scope, "a", server));
      seen.push(
        new NfsStorage(scope, "b", { ...server, network, serverCidr: "10.30.0.7/32", options: ["ro"] }),
      );
    });
    expect(stack.counts()).toEqual({ aws_vpc_security_group_egress_rule: 1 });
    expect(all(stack, "aws_vpc_security_group_egress_rule")).toMatchObject([
      { cidr_ipv4: "10.30.0.7/32", from_port: 2049, to_port: 2049, security_group_id: MACHINES },
    ]);
    expect(seen.map(({ mount }) => [mount?.source, mount?.options.includes("hard")])).toEqual([
      ["10.30.0.7:/srv/models", true],
      ["10.30.0.7:/srv/models", false],
    ]);
  });
});
