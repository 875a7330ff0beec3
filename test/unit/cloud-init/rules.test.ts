import { TerraformStack, TerraformVariable, Testing } from "cdktf";
import { CloudInitBackend, type CloudInitBackendProps } from "../../../lib/cloud-init/cloud-init-backend";
import { ReadinessCheck } from "../../../lib/cloud-init/readiness-check";
import { SecretSource } from "../../../lib/cloud-init/secret-source";
import { RayOnly } from "../../../lib/engines/ray-only";
import type { ClusterDeclaration } from "../../../lib/terraform/cluster-backend";
import { Accelerator } from "../../../lib/topology/declaration/accelerator";
import { ContainerImage } from "../../../lib/topology/declaration/container-image";
import { Fabric } from "../../../lib/topology/declaration/fabric";
import { PlanError, problemLine } from "../../../lib/problems/plan-error";
import { cluster, FOUR_ADDRESSES, PLACE } from "./support";

const VAULT = "test/support/vault.sh";
const DECLARATION: ClusterDeclaration = {
  clusterName: "llama",
  pools: [{ name: "gpu", nodes: 4, accelerator: Accelerator.H100 }],
  fabric: Fabric.TCP,
  image: ContainerImage.of("registry.example/vllm:1.2.3", { rayVersion: "2.58.0" }),
  storage: [],
};
const MOUNT = { source: "nas:/models", hostPath: "/mnt/models", type: "nfs4", options: ["ro"], after: [] };
const registry = (host: string, user = "robot") => ({
  host,
  user,
  password: SecretSource.file("/root/quay"),
});

/** What a place says of itself, but for what it warns of. */
function lines(
  place: Partial<CloudInitBackendProps>,
  declaration: Partial<ClusterDeclaration> = {},
): string[] {
  const { problems } = new CloudInitBackend({ ...PLACE, ...place })._place({
    ...DECLARATION,
    ...declaration,
  });
  return problems.filter(({ level }) => level === "error").map((problem) => problemLine(problem).slice(4));
}

const BAD: readonly (readonly [string, Partial<CloudInitBackendProps>, string])[] = [
  [
    "no address",
    { headAddress: undefined },
    "backend.headAddress [RC501]: must be the address of the head, or `addresses` those of all machines, got nothing; give one of them",
  ],
  [
    "two ways of addresses",
    { addresses: FOUR_ADDRESSES },
    "backend.addresses [RC501]: must be the address of the head, or `addresses` those of all machines, got 'both'; leave one of them out: the head is the first of `addresses`",
  ],
  [
    "a relative file",
    { rayToken: SecretSource.file("ray-token") },
    "backend.rayToken [RC502]: must be the absolute path of a file on the machines, got 'ray-token'; write e.g. SecretSource.file('/etc/ray-cluster/ray-token')",
  ],
  [
    "a program that is not there",
    { secretStore: SecretSource.program("test/cloud-init/none.sh") },
    "backend.secretStore [RC502]: must be a program: a file that begins with '#!', got 'test/cloud-init/none.sh'; name the file relative to the folder of cdktf.json",
  ],
  [
    "a text that is no program",
    { secretStore: SecretSource.program("README.md") },
    "backend.secretStore [RC502]: must be a program: a file that begins with '#!', got 'README.md'; name the file relative to the folder of cdktf.json",
  ],
  [
    "a folder in place of a program",
    { secretStore: SecretSource.program("test") },
    "backend.secretStore [RC502]: must be a program: a file that begins with '#!', got 'test'; name the file relative to the folder of cdktf.json",
  ],
  [
    "a file in place of a store",
    { secretStore: SecretSource.file("/root/secrets") },
    "backend.secretStore [RC502]: must be a program, which gets the id of a secret as its last argument, got '/root/secrets'; write SecretSource.program('vault.sh'), or name the file by SecretRef.hostFile(path)",
  ],
  [
    "an argument with a blank",
    { rayToken: SecretSource.program(VAULT, ["kv/ray token"]) },
    "backend.rayToken [RC502]: must have arguments without blanks, got 'kv/ray token'; put what has blanks into the program",
  ],
  [
    "a program with a name that is taken",
    {
      rayToken: SecretSource.program("lib/bootstrap/rootfs/usr/local/lib/ray-cluster/sources/file.sh", [
        "/x",
      ]),
    },
    "backend.rayToken [RC503]: must have another name than this library's own, got 'lib/bootstrap/rootfs/usr/local/lib/ray-cluster/sources/file.sh'; rename the file",
  ],
  [
    "a registry with a path",
    { registry: registry("quay.io/team") },
    "backend.registry.host [RC504]: must be the name of a registry, with its port if it has one, got 'quay.io/team'; write what you would write after `docker login`, e.g. 'quay.io'",
  ],
  [
    "a user of two words",
    { registry: registry("quay.io", "a b") },
    "backend.registry.user [RC504]: must be a word, got 'a b'; name the user of the registry",
  ],
  [
    "a mount of nothing",
    { mounts: [{ ...MOUNT, source: "" }] },
    "backend.mounts[0].source [RC505]: must be a word, got nothing; write e.g. '10.20.0.5:/models'",
  ],
  [
    "a mount at a folder with a blank",
    { mounts: [{ ...MOUNT, hostPath: "/mnt/my models" }] },
    "backend.mounts[0].hostPath [RC505]: must be an absolute path of letters, digits, '_', '.' and '-', got '/mnt/my models'; write e.g. '/mnt/models'",
  ],
  [
    "two mounts at one folder",
    { mounts: [MOUNT, MOUNT] },
    "backend.mounts[1].hostPath [RC505]: must differ from that of mounts[0], got '/mnt/models'; use another",
  ],
  [
    "no file system",
    { mounts: [{ ...MOUNT, type: "nfs 4" }] },
    "backend.mounts[0].type [RC505]: must be the type of a file system, got 'nfs 4'; write e.g. 'nfs4'",
  ],
  [
    "two options in one",
    { mounts: [{ ...MOUNT, options: ["ro", "hard,timeo=600"] }] },
    "backend.mounts[0].options[1] [RC505]: must be one option, without comma and blank, got 'hard,timeo=600'; write e.g. 'nconnect=16'",
  ],
  [
    "a relative folder of disks",
    { diskFolder: "mnt" },
    "backend.diskFolder [RC506]: must be an absolute path, got 'mnt'; write e.g. '/mnt/disk'",
  ],
  [
    "a package that is an option",
    { packages: ["nfs-common", "--yes"] },
    "backend.packages[1] [RC507]: must be the name of a package, with its version if it matters, got '--yes'; write what you would write after `apt-get install`, e.g. 'nfs-common'",
  ],
  [
    "an address of a program without a scheme",
    { programUrl: "files.example/program.json" },
    "backend.programUrl [RC508]: must be the http, https or file URL of a file, got 'files.example/program.json'; write e.g. 'https://files.example/program.json' or 'file:///mnt/models/program.json'",
  ],
  [
    "an API without a scheme",
    { readiness: ReadinessCheck.api("203.0.113.10:8000") },
    "backend.readiness.url [RC509]: must be the base URL of the engine's API, got '203.0.113.10:8000'; write e.g. 'http://203.0.113.10:8000', or leave it out for the head's address",
  ],
  [
    "a host that is an option of ssh",
    { readiness: ReadinessCheck.ssh("-oProxyCommand=x") },
    "backend.readiness.sshHost [RC509]: must be a host name or an address, got '-oProxyCommand=x'; write what you would write after `ssh`, without user and port",
  ],
  [
    "a user that is an option of ssh",
    { readiness: ReadinessCheck.ssh("head", { user: "-x" }) },
    "backend.readiness.user [RC509]: must be the name of a user, got '-x'; use 'root'",
  ],
  [
    "a port that is none",
    { readiness: ReadinessCheck.ssh("head", { port: 70_000 }) },
    "backend.readiness.port [RC509]: must be a whole TCP port from 1 to 65535, got 70000; use 22",
  ],
  [
    "an option of ssh as on the command line",
    { readiness: ReadinessCheck.ssh("head", { sshOptions: ["-i key"] }) },
    "backend.readiness.sshOptions[0] [RC509]: must be an option as in ssh's configuration file, `Name=value`, got '-i key'; write e.g. 'IdentityFile=~/.ssh/cluster'",
  ],
  [
    "half a CPU",
    { cpusPerNode: 0.5 },
    "backend.cpusPerNode [RC510]: must be a whole number of at least 1, got 0.5; leave it out: Ray counts the machine's CPUs",
  ],
  [
    "an object store that does not lie in the shared memory",
    { objectStoreMiB: 200, sharedMemoryMiB: 100 },
    "backend.sharedMemoryMiB [RC510]: must be a whole number of at least 200, got 100; leave it out: it follows from accelerators and object store, which lies in there",
  ],
];

describe("the place of machines that boot", () => {
  it.each(BAD)("refuses %s", (_, place, line) => {
    expect(lines(place)).toEqual([line]);
  });

  it("refuses what a build would read from another machine", () => {
    const base = ContainerImage.of("registry.example/vllm:1.2.3");
    const image = ContainerImage.withPythonPackages(base, ["ray==2.58.0"], {
      pipConfigurationFile: "~/pip.conf",
    });
    expect(lines({}, { image })).toEqual([
      "image.pipConfigurationFile [RC512]: must not be given: the machines build the image, and user data is no way for what a build reads, got '~/pip.conf'; put what pip needs into /etc/ray-cluster/environment of the machine image",
    ]);
  });

  it("has nothing against a place with everything in it", () => {
    const stack = new TerraformStack(Testing.app(), "test");
    const late = new TerraformVariable(stack, "late", { type: "string" }).stringValue;
    const place: Partial<CloudInitBackendProps> = {
      headAddress: undefined,
      addresses: FOUR_ADDRESSES,
      rayToken: SecretSource.program(VAULT, ["kv/ray"]),
      secretStore: SecretSource.program(VAULT),
      registry: registry("registry.example:5000"),
      mounts: [MOUNT, { ...MOUNT, source: late, hostPath: "/mnt/data", options: [] }],
      diskFolder: "/mnt/disk",
      packages: ["nfs-common", "libstdc++6=12.2.0-14"],
      programUrl: late,
      readiness: ReadinessCheck.api(late),
      userDataLimitBytes: 65_535,
      bootTimeoutSeconds: 0,
      objectStoreMiB: 100,
      sharedMemoryMiB: 100,
    };
    expect(lines(place)).toEqual([]);
  });

  it("says everything at once, with the topology's own findings", () => {
    const stack = new TerraformStack(Testing.app(), "test");
    const found = () =>
      cluster(stack, { subnetCidr: "10.30.0.0/33", diskFolder: "x", packages: ["-"], programUrl: "y" });
    expect(found).toThrow(/^cannot plan cluster 'llama': 4 problems\n/);
  });

  it("knows a store of secrets only where one is named", () => {
    const place = (secretStore?: SecretSource) =>
      new CloudInitBackend({ ...PLACE, secretStore })._place(DECLARATION).secretKinds;
    expect(place()).toEqual(["host-file"]);
    expect(place(SecretSource.program(VAULT))).toEqual(["host-file", "managed"]);
  });

  it("gives surplus addresses to the last pool, which the plan then refuses", () => {
    const stack = new TerraformStack(Testing.app(), "test");
    const addresses = [...FOUR_ADDRESSES, "10.30.0.14"];
    expect(() => cluster(stack, { headAddress: undefined, addresses })).toThrow(
      /\[RC021\]: must hold 4 addresses/,
    );
  });
});

describe("a finished plan", () => {
  const refused = (...args: Parameters<typeof cluster> extends [unknown, ...infer Rest] ? Rest : never) => {
    try {
      cluster(new TerraformStack(Testing.app(), "test"), ...args);
      return [];
    } catch (error) {
      if (!(error instanceof PlanError)) {
        throw error;
      }
      return error.problems.map((problem) => problemLine(problem).slice(4));
    }
  };

  it("is refused where its user data is larger than the provider takes", () => {
    expect(refused({ userDataLimitBytes: 65_535 })).toEqual([
      expect.stringMatching(
        /^backend\.userDataLimitBytes \[RC513\]: must hold the user data, and the provider takes 65535 bytes, got \d{6} bytes for gpu-\w+; give `programUrl`: the node program is most of it$/,
      ),
    ]);
    const programUrl = "https://files.example/program.json";
    expect(refused({ userDataLimitBytes: 32_768, programUrl })).toEqual([]);
    expect(refused({ userDataLimitBytes: 1000, programUrl })[0]).toMatch(
      /take long texts out of the engine's/,
    );
  });

  it("is refused where a readiness check would ask an API that there is none of", () => {
    expect(refused({ readiness: ReadinessCheck.api() }, { engine: new RayOnly() })).toEqual([
      "backend.readiness [RC514]: must not be given: the engine 'ray' has no API to ask, got ReadinessCheck.api(); use ReadinessCheck.ssh(), or leave it out",
    ]);
    expect(refused({ readiness: ReadinessCheck.ssh() }, { engine: new RayOnly() })).toEqual([]);
  });
});
