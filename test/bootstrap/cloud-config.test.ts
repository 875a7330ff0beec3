import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  cloudConfig,
  requireUserDataSize,
  USER_DATA_BUDGET_BYTES,
  userDataBytes,
} from "../../lib/bootstrap/cloud-config";
import { containerFilesText } from "../../lib/bootstrap/boot-files";
import { containerSpec } from "../../lib/runtime/make-container-spec";
import { Accelerator } from "../../lib/topology/accelerator";
import { planCluster } from "../../lib/topology/planner";
import { hostsPlace, machineProps } from "../support/clusters";
import { bootSpec, fileOf, MACHINES, parseCloudConfig } from "./support";

const ROOTFS = join(__dirname, "../../lib/bootstrap/rootfs");
const text = cloudConfig(bootSpec());
const config = parseCloudConfig(text);
const boot = (name: string, of = config) => fileOf(of, `/etc/ray-cluster/boot/${name}`);

describe("the cloud-config of a node", () => {
  it("begins as cloud-init wants it, and writes every file once", () => {
    expect(text.split("\n")[0]).toBe("#cloud-config");
    const paths = config.write_files.map(({ path }) => path);
    expect(new Set(paths).size).toBe(paths.length);
    expect(paths.filter((path) => path.startsWith("/tmp"))).toEqual([]);
  });

  it("has the constant files as they lie in the repository, scripts executable", () => {
    for (const name of [
      "usr/local/lib/ray-cluster/boot.sh",
      "usr/local/lib/ray-cluster/sources/file.sh",
      "etc/systemd/system/ray-cluster.service",
    ]) {
      expect(fileOf(config, `/${name}`)).toBe(readFileSync(join(ROOTFS, name), "utf8"));
    }
    const executable = config.write_files.filter(({ permissions }) => permissions === "0755");
    expect(executable.map(({ path }) => path)).toEqual(
      config.write_files.map(({ path }) => path).filter((path) => path.endsWith(".sh")),
    );
  });

  it("is the same for all nodes but for what is the node's own", () => {
    const other = parseCloudConfig(
      cloudConfig(bootSpec({ container: containerSpec(MACHINES, MACHINES.nodes[1]) })),
    );
    const differing = config.write_files.filter(({ path, content }) => fileOf(other, path) !== content);
    expect(differing.map(({ path }) => path)).toEqual([
      "/etc/ray-cluster/node.json",
      "/etc/ray-cluster/boot/argv",
    ]);
  });

  it("starts the service without waiting for it, and at every boot from then on", () => {
    expect(config.runcmd).toEqual([
      ["systemctl", "daemon-reload"],
      ["systemctl", "enable", "--now", "--no-block", "ray-cluster.service"],
    ]);
  });

  it("holds node.json with the plan", () => {
    const node = JSON.parse(fileOf(config, "/etc/ray-cluster/node.json"));
    expect(node).toMatchObject({ cluster: "llama-405b", node: { name: "gpu-0", role: "head" } });
  });

  it("holds what the steps read, one item a line", () => {
    expect(boot("folders")).toBe("/var/lib/ray-cluster/volume\n");
    expect(boot("mounts")).toBe("/mnt/models\n");
    expect(boot("secrets")).toBe("ray-token file.sh /root/ray-token\n");
    expect(boot("program")).toBe("web.sh https://files.example/program.json\n");
    expect(boot("devices")).toBe("GPUs 8 /dev/nvidia[0-9]*\n");
    expect(boot("registry")).toBe("");
    expect(boot("settings").split("\n").slice(0, 4)).toEqual([
      "container=ray-cluster",
      `image=${MACHINES.image.reference}`,
      "runtime=nvidia",
      "disk_folder=/mnt/disk",
    ]);
  });

  it("names the container's files by their hash, or has them with it", () => {
    expect(boot("settings")).toMatch(/^program_sha256=[0-9a-f]{64}$/m);
    expect(() => fileOf(config, "/var/lib/ray-cluster/host/files.json")).toThrow("0 files");
    const whole = parseCloudConfig(cloudConfig(bootSpec({ program: {} })));
    const files = fileOf(whole, "/var/lib/ray-cluster/host/files.json");
    expect(files).toBe(containerFilesText(bootSpec().container.files));
    expect(Object.keys(JSON.parse(files))).toContain("/opt/ray-cluster/ray_node/__main__.py");
    expect(Object.keys(JSON.parse(files))).not.toContain("/etc/ray-cluster/node.json");
    expect(boot("program", whole)).toBe("");
  });

  it("refuses a source whose arguments have blanks", () => {
    const program = { source: { name: "web.sh", arguments: ["a b"] } };
    expect(() => cloudConfig(bootSpec({ program }))).toThrow(
      "arguments of a source have no blanks, got 'a b' for web.sh",
    );
  });
});

describe("user data", () => {
  const sizes = [1, 2, 4, 8, 64, 256, 1000].map((nodes) => {
    const pools = [{ name: "gpu", nodes, accelerator: Accelerator.H100 }];
    const addresses = Array.from({ length: nodes }, (_, i) => `10.20.${4 + (i >> 8)}.${i & 255}`);
    const plan = planCluster(machineProps({ pools }), hostsPlace({ addresses: { gpu: addresses } }));
    return [nodes, userDataBytes(cloudConfig(bootSpec({}, plan)))] as const;
  });

  it.each(sizes)("of %i nodes with an address each has %i bytes, within the budget", (_, bytes) => {
    expect(bytes).toBeLessThanOrEqual(USER_DATA_BUDGET_BYTES);
  });

  it("that no machine of EC2 would get is an error", () => {
    expect(() => {
      requireUserDataSize(text, "gpu-0");
    }).not.toThrow();
    // Digits that no compressor makes smaller than half.
    const noise = Array.from({ length: 40_000 }, (_, i) => Math.abs(Math.sin(i) * 1e7).toString(36)[2]).join(
      "",
    );
    expect(() => {
      requireUserDataSize(text + noise, "gpu-0");
    }).toThrow(/user data of gpu-0 has \d{5} bytes after gzip, and EC2 takes 16384; take long texts out/);
  });
});
