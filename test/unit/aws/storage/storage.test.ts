import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import type { TerraformStack } from "cdktf";
import { AwsClusterNetwork } from "../../../../lib/aws/network/cluster-network";
import {
  FsxLustreStorage,
  type FsxLustreStorageProps,
  FsxLustreTier,
} from "../../../../lib/aws/storage/fsx-lustre-storage";
import type { IClusterNetwork } from "../../../../lib/aws/network/network-props";
import { EfsStorage, NfsStorage, type NfsStorageProps } from "../../../../lib/aws/storage/nfs-storage";
import type { IAwsStorage } from "../../../../lib/aws/storage/storage";
import { allow } from "../../../../lib/aws/policy";
import { S3StagedStorage, type S3StagedStorageProps } from "../../../../lib/aws/storage/s3-staged-storage";
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

describe("FsxLustreStorage", () => {
  it.each([false, true])("waits for every rule of its security group, which FSx looks at: efa %s", (efa) => {
    const stack = lustre({ efa });
    const made = ["ingress", "egress"].flatMap((way) => {
      const type = `aws_vpc_security_group_${way}_rule`;
      return Object.keys(stack.resources(type)).map((name) => `${type}.${name}`);
    });
    expect(made).toHaveLength(efa ? 6 : 12);
    expect(all(stack, "aws_fsx_lustre_file_system")[0].depends_on.sort()).toEqual(made.sort());
  });

  it("is kept where that is asked for", () => {
    const [kept] = all(lustre({ retain: true }), "aws_fsx_lustre_file_system");
    expect(kept.lifecycle).toEqual({ prevent_destroy: true });
    expect(all(lustre(), "aws_fsx_lustre_file_system")[0]).not.toHaveProperty("lifecycle");
    expect(lustre({ retain: true }).file("review.md")).toContain("protected from destroy, no backup");
    expect(lustre().file("review.md")).toContain("goes with destroy, no backup");
  });

  it("creates a persistent file system with a security group", () => {
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

  it("allows Lustre's ports in both directions and among its servers", () => {
    const expected = ["machines > servers", "servers > machines", "servers > servers"].flatMap((way) => [
      `${way} 1018-1023`,
      `${way} 988-988`,
    ]);
    expect(rules(lustre(), "egress")).toEqual(expected);
    expect(rules(lustre(), "ingress")).toEqual(expected);
    expect(lustre().text).not.toContain("cidr_ipv4");
  });

  it("with EFA allows all traffic by group, and is created with EFA", () => {
    const stack = lustre({ efa: true });
    const expected = ["machines > servers all", "servers > machines all", "servers > servers all"];
    expect(rules(stack, "egress")).toEqual(expected);
    expect(rules(stack, "ingress")).toEqual(expected);
    expect(all(stack, "aws_fsx_lustre_file_system")).toMatchObject([
      { efa_enabled: true, metadata_configuration: { mode: "AUTOMATIC" } },
    ]);
  });

  it("of the scratch tier has no throughput setting", () => {
    const [fileSystem] = all(
      lustre({ tier: FsxLustreTier.SCRATCH, capacityTiB: 1.2 }),
      "aws_fsx_lustre_file_system",
    );
    expect(fileSystem).toMatchObject({ deployment_type: "SCRATCH_2", storage_capacity: 1200 });
    expect(fileSystem).not.toHaveProperty("per_unit_storage_throughput");
  });

  it("with a data repository imports later changes as well", () => {
    const stack = lustre({ dataRepositoryUri: "s3://my-models/llama/" });
    expect(all(stack, "aws_fsx_data_repository_association")).toMatchObject([
      {
        data_repository_path: "s3://my-models/llama/",
        file_system_path: "/",
        s3: { auto_import_policy: { events: ["NEW", "CHANGED", "DELETED"] } },
      },
    ]);
  });

  it("is mounted after the network, and with EFA after its client", () => {
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

  it("fromExisting creates nothing", () => {
    const existing = { dnsName: "fs-1.fsx.us-east-1.amazonaws.com", mountName: "abcdef" };
    const storage = FsxLustreStorage.fromExisting("old", { ...existing, availabilityZone: "us-east-1a" });
    expect(storage.mount?.source).toBe("fs-1.fsx.us-east-1.amazonaws.com@tcp:/abcdef");
    expect(storage).toMatchObject({ hostPath: "/mnt/old", isReachedByEfa: false });
  });
});

describe("S3StagedStorage", () => {
  const staged = (props: Partial<S3StagedStorageProps> = {}) => {
    const seen: S3StagedStorage[] = [];
    const stack = synthesize((scope) => {
      seen.push(new S3StagedStorage(scope, "llama", { uri: "s3://my-models/llama/405b/", ...props }));
    });
    return { stack, storage: seen[0] };
  };
  const region = expect.stringMatching(/^\$\{TfToken\[TOKEN\.\d+\]\}$/);

  it("stages the files to the instance store and creates nothing", () => {
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

  it("permits listing and reading of its prefix only", () => {
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
    const [list, get] = JSON.parse(allow(storage.permissions ?? [])).Statement;
    expect(list.Condition).toEqual({ StringLike: { "s3:prefix": ["llama/405b/*"] } });
    expect(get).not.toHaveProperty("Condition");
  });

  it("of a whole bucket permits all of it", () => {
    const { storage } = staged({ uri: "s3://my-models/" });
    expect(JSON.parse(allow(storage.permissions ?? [])).Statement[0]).not.toHaveProperty("Condition");
    expect(storage.permissions?.[1].resources[0]).toMatch(/my-models\/\*$/);
  });

  it("with diskFolder stages the files below it", () => {
    expect(staged({ diskFolder: "/mnt/disk", mountPath: "/m" }).storage).toMatchObject({
      hostPath: "/mnt/disk/llama",
      mountPath: "/m",
      diskFolder: "/mnt/disk",
    });
  });

  it("reports a wrong URI at synth", () => {
    expect(() => staged({ uri: "my-models/llama/" })).toThrow(/test\/llama uri \[RC464\]: got 'my-models/);
  });
});

describe("EfsStorage", () => {
  it("creates an encrypted file system that is reached on one port", () => {
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

  it("fromExisting creates nothing", () => {
    expect(EfsStorage.fromExisting("old", { dnsName: "fs-1.efs.example" }).mount).toMatchObject({
      source: "fs-1.efs.example:/",
      type: "nfs4",
    });
  });
});

describe("NfsStorage", () => {
  const server = { server: "10.30.0.7", exportPath: "/srv/models" };
  const nfs = (props: (network: IClusterNetwork) => Partial<NfsStorageProps>) => {
    const seen: IAwsStorage[] = [];
    const stack = synthesize((scope, network) => {
      seen.push(new NfsStorage(scope, "nas", { ...server, ...props(network) }));
    });
    return { stack, mount: seen[0].mount };
  };

  it("creates nothing and waits for a slow server by default", () => {
    const { stack, mount } = nfs(() => ({}));
    expect(stack.counts()).toEqual({});
    expect(mount).toMatchObject({ source: "10.30.0.7:/srv/models", type: "nfs4" });
    expect(mount?.options).toContain("hard");
  });

  it("with network and serverCidr lets the machines reach the server", () => {
    const { stack } = nfs((network) => ({ network, serverCidr: "10.30.0.7/32" }));
    expect(stack.counts()).toEqual({ aws_vpc_security_group_egress_rule: 1 });
    expect(all(stack, "aws_vpc_security_group_egress_rule")).toMatchObject([
      { cidr_ipv4: "10.30.0.7/32", from_port: 2049, to_port: 2049, security_group_id: MACHINES },
    ]);
  });

  it("with mount options has those alone", () => {
    expect(nfs(() => ({ options: ["ro"] })).mount?.options).toEqual(["ro"]);
  });

  it("with only one of network and serverCidr reports the other", () => {
    expect(() => nfs((network) => ({ network }))).toThrow(/test\/nas serverCidr \[RC466\]/);
    expect(() => nfs(() => ({ serverCidr: "10.30.0.7/32" }))).toThrow(/test\/nas network \[RC466\]/);
  });
});
