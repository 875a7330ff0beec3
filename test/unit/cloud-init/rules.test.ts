import { join } from "node:path";
import { TerraformStack, TerraformVariable, Testing } from "cdktf";
import { CloudInitBackend, type CloudInitBackendProps } from "../../../lib/cloud-init/cloud-init-backend";
import { ReadinessCheck } from "../../../lib/cloud-init/readiness-check";
import { MACHINES_OF_CHECK } from "../../../lib/cloud-init/readiness-rules";
import { SecretSource } from "../../../lib/cloud-init/secret-source";
import { CLOUD_INIT_TOPICS } from "../../../lib/cloud-init/topics";
import { USER_DATA } from "../../../lib/cloud-init/user-data-rules";
import type { PlanError } from "../../../lib/problems/plan-error";
import { problemLine } from "../../../lib/problems/plan-error";
import type { Problem } from "../../../lib/problems/problem";
import { judge } from "../../../lib/problems/rule";
import type { ClusterDeclaration } from "../../../lib/terraform/cluster-backend";
import { Accelerator } from "../../../lib/topology/declaration/accelerator";
import { ContainerImage } from "../../../lib/topology/declaration/container-image";
import { Fabric } from "../../../lib/topology/declaration/fabric";
import { PacketFilter } from "../../../lib/topology/declaration/packet-filter";
import { expectGolden } from "../../support/golden";
import { cluster, FOUR_ADDRESSES, PLACE } from "./support";

const VAULT = "test/support/vault.sh";
const MOUNT = { source: "nas:/models", hostPath: "/mnt/models", type: "nfs4", options: ["ro"], after: [] };
const READY = ReadinessCheck.http();
const RAY_TOKEN = SecretSource.file("/etc/ray-cluster/ray-token");

const newStack = () => new TerraformStack(Testing.app(), "test");
const registry = (host: string, user = "robot") => ({
  host,
  user,
  password: SecretSource.file("/root/quay"),
});

const siteOf = (place: Partial<CloudInitBackendProps>, declaration: Partial<ClusterDeclaration> = {}) =>
  new CloudInitBackend({ ...PLACE, readiness: READY, ...place }).open(newStack(), {
    clusterName: "llama",
    pools: [{ name: "gpu", nodes: 4, accelerator: Accelerator.H100 }],
    fabric: Fabric.TCP,
    image: ContainerImage.of("registry.example/vllm:1.2.3", { rayVersion: "2.58.0" }),
    storage: [],
    ...declaration,
  });
const place = (props: Partial<CloudInitBackendProps>) => siteOf(props).problems;

const userData = (bytes: number, settings: Partial<CloudInitBackendProps> = {}) =>
  judge(
    USER_DATA,
    {
      texts: [
        { name: "gpu-0", nodes: ["gpu-0"], text: "x".repeat(bytes) },
        { name: "gpu-worker", nodes: ["gpu-1"], text: "x" },
      ],
      settings: {
        ...{ ...PLACE, rayToken: RAY_TOKEN, bootTimeoutSeconds: 900, ...settings },
        packetFilter: PacketFilter.nftables(),
      },
    },
    undefined,
  );

const build = () =>
  siteOf(
    {},
    {
      image: ContainerImage.withPythonPackages(ContainerImage.of("vllm:1"), ["ray==2.58.0"], {
        pipConfigurationFile: "~/pip.conf",
      }),
    },
  ).problems;

/** A bad input, and the rule, path and value of the one problem with it. */
const BAD: readonly (readonly [string, () => readonly Problem[], string, string, string])[] = [
  ["no address", () => place({ headAddress: undefined }), "RC501", "headAddress", "nothing"],
  [
    "two addresses of the head",
    () => place({ addresses: FOUR_ADDRESSES }),
    "RC501",
    "addresses",
    "headAddress and addresses",
  ],
  [
    "a relative file",
    () => place({ rayToken: SecretSource.file("ray-token") }),
    "RC502",
    "rayToken",
    "'ray-token'",
  ],
  [
    "a program of the name of another",
    () =>
      place({
        rayToken: SecretSource.program("lib/bootstrap/rootfs/usr/local/lib/ray-cluster/sources/file.sh"),
      }),
    "RC503",
    "rayToken",
    "'lib/bootstrap/rootfs/usr/local/lib/ray-cluster/sources/file.sh'",
  ],
  [
    "a registry with a path",
    () => place({ registry: registry("quay.io/team") }),
    "RC504",
    "registry.host",
    "'quay.io/team'",
  ],
  [
    "a registry's user of two words",
    () => place({ registry: registry("quay.io", "a b") }),
    "RC515",
    "registry.user",
    "'a b'",
  ],
  [
    "a mount without a source",
    () => place({ mounts: [{ ...MOUNT, source: "" }] }),
    "RC505",
    "mounts[0].source",
    "nothing",
  ],
  [
    "a mount point with a space",
    () => place({ mounts: [{ ...MOUNT, hostPath: "/mnt/my models" }] }),
    "RC516",
    "mounts[0].hostPath",
    "'/mnt/my models'",
  ],
  [
    "a mount point above itself",
    () => place({ mounts: [{ ...MOUNT, hostPath: "/mnt/../etc" }] }),
    "RC516",
    "mounts[0].hostPath",
    "'/mnt/../etc'",
  ],
  [
    "two mounts at one mount point",
    () => place({ mounts: [MOUNT, MOUNT] }),
    "RC517",
    "mounts[1].hostPath",
    "'/mnt/models'",
  ],
  [
    "a file system type with a space",
    () => place({ mounts: [{ ...MOUNT, type: "nfs 4" }] }),
    "RC518",
    "mounts[0].type",
    "'nfs 4'",
  ],
  [
    "two mount options in one",
    () => place({ mounts: [{ ...MOUNT, options: ["ro", "hard,timeo=600"] }] }),
    "RC519",
    "mounts[0].options[1]",
    "'hard,timeo=600'",
  ],
  ["a relative disk folder", () => place({ diskFolder: "mnt" }), "RC506", "diskFolder", "'mnt'"],
  [
    "a package that is an option",
    () => place({ packages: ["nfs-common", "--yes"] }),
    "RC507",
    "packages[1]",
    "'--yes'",
  ],
  [
    "a program URL without a scheme",
    () => place({ programUrl: "files.example/program.json" }),
    "RC508",
    "programUrl",
    "'files.example/program.json'",
  ],
  [
    "a report URL without a scheme",
    () => place({ readiness: ReadinessCheck.http("203.0.113.10:6378") }),
    "RC509",
    "readiness.url",
    "'203.0.113.10:6378'",
  ],
  [
    "a check over HTTP of nodes that speak TLS",
    () => siteOf({}, { internodeTls: true }).problems,
    "RC531",
    "readiness",
    "ReadinessCheck.http() with internodeTls",
  ],
  ["no readiness check", () => place({ readiness: undefined }), "RC511", "readiness", "no readiness check"],
  ["a build with a file of this machine", build, "RC512", "image.pipConfigurationFile", "'~/pip.conf'"],
  [
    "user data above the stated limit",
    () => userData(40_000, { userDataLimitBytes: 32_768 }),
    "RC513",
    "userDataLimitBytes",
    "40,000 bytes for gpu-0",
  ],
  [
    "small user data above the stated limit",
    () => userData(20_000, { userDataLimitBytes: 16_384, programUrl: "https://a.example/p" }),
    "RC513",
    "userDataLimitBytes",
    "20,000 bytes for gpu-0",
  ],
  ["a negative boot timeout", () => place({ bootTimeoutSeconds: -1 }), "RC520", "bootTimeoutSeconds", "-1"],
  [
    "a program that does not exist",
    () => place({ secretStore: SecretSource.program("test/none.sh") }),
    "RC521",
    "secretStore",
    "'test/none.sh'",
  ],
  [
    "a text that is no program",
    () => place({ secretStore: SecretSource.program("README.md") }),
    "RC521",
    "secretStore",
    "'README.md'",
  ],
  [
    "a folder instead of a program",
    () => place({ secretStore: SecretSource.program("test") }),
    "RC521",
    "secretStore",
    "'test'",
  ],
  [
    "an argument with a space",
    () => place({ rayToken: SecretSource.program(VAULT, ["kv/ray token"]) }),
    "RC522",
    "rayToken",
    "'kv/ray token'",
  ],
  [
    "a file instead of a store",
    () => place({ secretStore: SecretSource.file("/root/secrets") }),
    "RC523",
    "secretStore",
    "'/root/secrets'",
  ],
  [
    "an ssh host that is an option",
    () => place({ readiness: ReadinessCheck.ssh("-oProxyCommand=x") }),
    "RC524",
    "readiness.sshHost",
    "'-oProxyCommand=x'",
  ],
  [
    "an ssh user that is an option",
    () => place({ readiness: ReadinessCheck.ssh("head", { user: "-x" }) }),
    "RC525",
    "readiness.user",
    "'-x'",
  ],
  [
    "an ssh port above 65535",
    () => place({ readiness: ReadinessCheck.ssh("head", { port: 70_000 }) }),
    "RC526",
    "readiness.port",
    "70000",
  ],
  [
    "an ssh option as on the command line",
    () => place({ readiness: ReadinessCheck.ssh("head", { sshOptions: ["-i key"] }) }),
    "RC527",
    "readiness.sshOptions[0]",
    "'-i key'",
  ],
  [
    "a check without machines",
    () => judge(MACHINES_OF_CHECK, false, undefined),
    "RC528",
    "readiness",
    "no machines",
  ],
  [
    "half a byte of user data",
    () => place({ userDataLimitBytes: 0.5 }),
    "RC529",
    "userDataLimitBytes",
    "0.5",
  ],
  [
    "large user data without a stated limit",
    () => userData(65_537),
    "RC530",
    "programUrl",
    "65,537 bytes for gpu-0",
  ],
];

describe("the rules of cloud-init", () => {
  it.each(BAD)("report %s", (_, problems, rule, path, got) => {
    const where = path.startsWith("image.") ? path : `backend.${path}`;
    expect(problems()).toMatchObject([{ rule, path: where, got }]);
  });

  it("have a bad input each", () => {
    const ids = CLOUD_INIT_TOPICS.flatMap(({ rules }) => rules.map(({ id }) => id));
    expect([...new Set(BAD.map(([, , rule]) => rule))].sort()).toEqual([...ids].sort());
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("read as the golden page has them", () => {
    const lines = BAD.map(([name, problems]) => `${name}\n${problems().map(problemLine).join("\n")}\n`);
    expectGolden(join(__dirname, "rules.golden.txt"), lines.join("\n"));
  });

  it("accept a place with every property set", () => {
    const late = new TerraformVariable(newStack(), "late", { type: "string" }).stringValue;
    const whole: Partial<CloudInitBackendProps> = {
      headAddress: undefined,
      addresses: FOUR_ADDRESSES,
      rayToken: SecretSource.program(VAULT, ["kv/ray"]),
      secretStore: SecretSource.program(VAULT),
      registry: registry("registry.example:5000"),
      mounts: [MOUNT, { ...MOUNT, source: late, hostPath: "/mnt/data", options: [] }],
      diskFolder: "/mnt/disk",
      packages: ["nfs-common", "libstdc++6=12.2.0-14"],
      programUrl: late,
      readiness: ReadinessCheck.http(late),
      userDataLimitBytes: 65_535,
      bootTimeoutSeconds: 0,
      objectStoreMiB: 100,
      sharedMemoryMiB: 100,
    };
    expect(place(whole)).toEqual([]);
    expect(judge(MACHINES_OF_CHECK, true, undefined)).toEqual([]);
  });

  it.each([
    ["of 64 KiB", 65_536, {}],
    ["within the stated limit", 200_000, { userDataLimitBytes: 262_144 }],
    ["without the node program", 70_000, { programUrl: "https://files.example/program.json" }],
  ])("accept user data %s", (_, bytes, settings) => {
    expect(userData(bytes, settings)).toEqual([]);
  });
});

describe("a cluster with mistakes", () => {
  const rules = (...args: Parameters<typeof cluster> extends [unknown, ...infer Rest] ? Rest : never) => {
    const stack = newStack();
    cluster(stack, ...args);
    try {
      Testing.synth(stack);
      return [];
    } catch (error) {
      return (error as PlanError).problems.map(({ rule }) => rule);
    }
  };

  it("reports them at once, with those that the topology finds", () => {
    expect(
      rules({ subnetCidr: "10.30.0.0/33", diskFolder: "x", packages: ["-"], programUrl: "y" }).sort(),
    ).toEqual(["RC020", "RC506", "RC507", "RC508"]);
  });

  it("reports user data above the limit and a check without machines together", () => {
    expect(rules({ userDataLimitBytes: 1000, readiness: READY }).sort()).toEqual(["RC513", "RC528"]);
  });

  it("reports surplus addresses, which belong to the last pool", () => {
    expect(rules({ headAddress: undefined, addresses: [...FOUR_ADDRESSES, "10.30.0.14"] })).toEqual([
      "RC021",
    ]);
  });
});

test.each([
  ["a check over ssh", { readiness: ReadinessCheck.ssh() }, true],
  ["a check over HTTP in clear", { readiness: READY }, false],
])("TLS between the nodes leaves %s alone", (_, settings, internodeTls) => {
  expect(siteOf(settings, { internodeTls }).problems).toEqual([]);
});

test("a store of secrets is known only where one is named", () => {
  expect(siteOf({}).place.secretKinds).toEqual(["host-file"]);
  expect(siteOf({ secretStore: SecretSource.program(VAULT) }).place.secretKinds).toEqual([
    "host-file",
    "managed",
  ]);
});
