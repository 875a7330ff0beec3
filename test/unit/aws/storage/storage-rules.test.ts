import { join } from "node:path";
import { Token } from "cdktf";
import {
  LUSTRE_TOPIC,
  type LustreSpec,
  NFS_TOPIC,
  type NfsSpec,
  STAGED_TOPIC,
  type StagedSpec,
} from "../../../../lib/aws/storage/storage-rules";
import { judge } from "../../../../lib/problems/rule";
import { describeRules } from "../support/rule-cases";

/** Known only at apply. */
const LATE = Token.asString({ resolve: () => "later" });
const golden = (name: string) => join(__dirname, `${name}-rules.golden.txt`);

describe("rules of FSx for Lustre", () => {
  const good: LustreSpec = { tier: "persistent-1000", capacityTiB: 9.6, efa: false };
  const check = (change: Partial<LustreSpec>) => judge(LUSTRE_TOPIC, { ...good, ...change }, undefined);

  describeRules<Partial<LustreSpec>>(
    [LUSTRE_TOPIC],
    [
      [{ capacityTiB: 5 }, "RC460", "capacityTiB", "5"],
      [{ capacityTiB: -1 }, "RC460", "capacityTiB", "-1"],
      [{ capacityTiB: NaN }, "RC460", "capacityTiB", "NaN"],
      [{ capacityTiB: 2.4, efa: true }, "RC460", "capacityTiB", "2.4"],
      [{ tier: "persistent-125", efa: true }, "RC460", "capacityTiB", "9.6"],
      [{ tier: "scratch", efa: true }, "RC461", "efa", "true"],
      [
        { tier: "scratch", kmsKeyArn: "arn:aws:kms:us-east-1:111122223333:key/k" },
        "RC462",
        "kmsKeyArn",
        "a key",
      ],
      [{ dataRepositoryUri: "my-models" }, "RC463", "dataRepositoryUri", "'my-models'"],
    ],
    check,
    golden("lustre"),
  );

  it.each([1.2, 2.4, 4.8, 7.2, 9.6, 24, 100.8])("accept %f TiB", (capacityTiB) => {
    expect(check({ capacityTiB })).toEqual([]);
  });
});

describe("rules of files staged from S3", () => {
  const good: StagedSpec = {
    uri: "s3://my-models/llama/",
    hostPath: "/opt/dlami/nvme/llama",
    diskFolder: "/opt/dlami/nvme",
  };
  const check = (change: Partial<StagedSpec>) => judge(STAGED_TOPIC, { ...good, ...change }, undefined);

  describeRules<Partial<StagedSpec>>(
    [STAGED_TOPIC],
    [
      [{ uri: "s3://my-models/llama" }, "RC464", "uri", "'s3://my-models/llama'"],
      [{ uri: "my-models/llama/" }, "RC464", "uri", "'my-models/llama/'"],
      [{ hostPath: "/models" }, "RC465", "hostPath", "'/models'"],
      [{ hostPath: "/opt/dlami/nvme/a b" }, "RC469", "hostPath", "'/opt/dlami/nvme/a b'"],
    ],
    check,
    golden("staged"),
  );

  it("accept a whole bucket, and a URI that is known only at apply", () => {
    expect([...check({ uri: "s3://my-models/" }), ...check({ uri: LATE })]).toEqual([]);
  });
});

describe("rules of NFS", () => {
  const good: NfsSpec = {
    exportPath: "/srv/models",
    network: {},
    serverCidr: "10.30.0.7/32",
  };
  const check = (change: Partial<NfsSpec>) => judge(NFS_TOPIC, { ...good, ...change }, undefined);

  describeRules<Partial<NfsSpec>>(
    [NFS_TOPIC],
    [
      [{ serverCidr: undefined }, "RC466", "serverCidr", "nothing"],
      [{ network: undefined }, "RC466", "network", "nothing"],
      [{ serverCidr: "10.30.0.7" }, "RC467", "serverCidr", "'10.30.0.7'"],
      [{ exportPath: "srv/models" }, "RC468", "exportPath", "'srv/models'"],
    ],
    check,
    golden("nfs"),
  );

  it("accept an NFS server without a rule of its own, and values that are known only at apply", () => {
    expect(check({ network: undefined, serverCidr: undefined })).toEqual([]);
    expect(check({ exportPath: LATE, serverCidr: LATE })).toEqual([]);
  });
});
