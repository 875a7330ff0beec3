import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cloudConfig, USER_DATA_BUDGET_BYTES, userDataBytes } from "../../../lib/bootstrap/cloud-config";
import { machineBundle } from "../../../lib/bootstrap/machine-bundle";
import { containerSpec } from "../../../lib/runtime/container-spec/make-container-spec";
import { Accelerator } from "../../../lib/topology/declaration/accelerator";
import { derivedImageFiles } from "../../../lib/topology/declaration/derived-image";
import { planCluster } from "../../../lib/topology/planner";
import { hostsPlace, machineProps } from "../../support/clusters";
import { bootSpec, fileOf, MACHINES, parseCloudConfig } from "./support";

const ROOTFS = join(__dirname, "../../../lib/bootstrap/rootfs");
const text = cloudConfig(bootSpec());
const config = parseCloudConfig(text);
const boot = (name: string, of = config) => fileOf(of, `/etc/ray-cluster/boot/${name}`);

const BUNDLE = "/var/lib/ray-cluster/host/bundle.b85";
/** What a bundle that is part of such a boot leaves out. */
const UNUSED = ["stop-cluster.sh", "lustre-client.sh", "ship_logs.py", "ray-cluster-logs.service"];
const announce = {
  source: { name: "web.sh", arguments: ["a"] },
  workloads: { name: "store.sh", arguments: ["w/"] },
};
const sha256 = (content: string) => createHash("sha256").update(content).digest("hex");

describe("cloudConfig", () => {
  it("starts with #cloud-config and writes every file once", () => {
    expect(text.split("\n")[0]).toBe("#cloud-config");
    const paths = config.write_files.map(({ path }) => path);
    expect(new Set(paths).size).toBe(paths.length);
    expect(paths.filter((path) => path.startsWith("/tmp"))).toEqual([]);
  });

  it("contains the files of rootfs unchanged, scripts executable", () => {
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

  it("of two nodes differs only in node.json and the data of the boot", () => {
    const other = parseCloudConfig(
      cloudConfig(bootSpec({ container: containerSpec(MACHINES, MACHINES.nodes[1]) })),
    );
    const differing = config.write_files.filter(({ path, content }) => fileOf(other, path) !== content);
    expect(differing.map(({ path }) => path)).toEqual([
      "/etc/ray-cluster/node.json",
      "/etc/ray-cluster/boot/settings",
      "/etc/ray-cluster/boot/argv",
    ]);
    const own = (name: string) => boot("settings", name === "gpu-0" ? config : other);
    expect(own("gpu-1")).toBe(own("gpu-0").replace("role=head\nnode=gpu-0", "role=worker\nnode=gpu-1"));
  });

  it("enables and starts the service without waiting for it", () => {
    expect(config.runcmd).toEqual([
      ["systemctl", "daemon-reload"],
      ["systemctl", "enable", "--now", "--no-block", "ray-cluster.service"],
    ]);
  });

  it("contains node.json", () => {
    const node = JSON.parse(fileOf(config, "/etc/ray-cluster/node.json"));
    expect(node).toMatchObject({ cluster: "llama-405b", node: { name: "gpu-0", role: "head" } });
  });

  it("contains the data of the steps, one item a line", () => {
    expect(boot("folders")).toBe("/var/lib/ray-cluster/volume\n");
    expect(boot("mounts")).toBe("/mnt/models nfs4\n");
    expect(boot("secrets")).toBe("ray-token file.sh /root/ray-token\n");
    expect(boot("program")).toBe("web.sh https://files.example/program.json\n");
    expect(boot("devices")).toBe("GPUs 8 /dev/nvidia[0-9]*\n");
    expect(boot("facts")).toBe("docker 20.10.10\n");
    expect(boot("registry")).toBe("");
    expect(boot("settings").split("\n").slice(0, 4)).toEqual([
      "container=ray-cluster",
      `image=${MACHINES.image.reference}`,
      "runtime=nvidia",
      "disk_folder=/mnt/disk",
    ]);
  });

  it("contains the hash of the bundle, or the bundle without a source", () => {
    expect(boot("settings")).toMatch(/^program_sha256=[0-9a-f]{64}$/m);
    expect(() => fileOf(config, BUNDLE)).toThrow("0 files");
    const whole = parseCloudConfig(cloudConfig(bootSpec({ program: undefined })));
    const text = fileOf(whole, BUNDLE);
    expect(text).toBe(machineBundle(bootSpec().container.files, undefined, UNUSED));
    expect(boot("settings", whole)).toContain(`\nprogram_sha256=${sha256(text)}\n`);
    const otherSettings = (of = config) => boot("settings", of).replace(/^program_sha256=.*$/m, "");
    expect(otherSettings(whole)).toBe(otherSettings());
    expect(boot("program", whole)).toBe("");
  });

  it("packs the bundle to a third", () => {
    const files = parseCloudConfig(cloudConfig(bootSpec({ program: undefined }))).write_files;
    const { content } = files.filter(({ path }) => path === BUNDLE)[0];
    const whole = machineBundle(bootSpec().container.files, undefined, UNUSED);
    expect(content.length).toBeLessThan(whole.length * 0.4);
  });

  it("refuses to compress a value that is known only at apply", () => {
    const { container } = bootSpec();
    const late = { path: "/opt/late", content: "${TfToken[TOKEN.1]}" };
    const spec = bootSpec({
      program: undefined,
      container: { ...container, files: [...container.files, late] },
    });
    expect(() => cloudConfig(spec)).toThrow(
      "holds a value that is known only at apply, and cannot be compressed",
    );
  });

  it("contains every program that a step calls, together with the bundle", () => {
    const own = parseCloudConfig(cloudConfig(bootSpec({ announce }))).write_files;
    const shared = Object.entries<string>(JSON.parse(machineBundle(bootSpec().container.files)));
    const files = [
      ...own.map(({ path, content }) => [path, content] as const),
      ...shared.map(([name, content]) => [name.replace(/^host:/, ""), content] as const),
    ].filter(([path]) => path.startsWith("/usr/local/lib/ray-cluster/") || path.endsWith(".service"));
    const paths = new Set(files.map(([path]) => path));
    const called = files.flatMap(([, content]) =>
      [...content.matchAll(/(?:\$PROGRAMS|\/usr\/local\/lib\/ray-cluster)\/([\w-]+\.(?:sh|py))/g)].map(
        ([, name]) => `/usr/local/lib/ray-cluster/${name}`,
      ),
    );
    expect(new Set(called).size).toBeGreaterThan(12);
    // Called only where the bundle is part of the boot, and there then.
    const whole = parseCloudConfig(cloudConfig(bootSpec({ program: undefined }))).write_files;
    const restore = "/usr/local/lib/ray-cluster/restore_bundle.py";
    expect(whole.map(({ path }) => path)).toContain(restore);
    expect([...new Set(called)].filter((path) => !paths.has(path))).toEqual([restore]);
    // Nothing is both: the boot would change programs that run.
    expect(files).toHaveLength(paths.size);
  });

  it("contains no program that the bundle can bring", () => {
    const scripts = config.write_files.map(({ path }) => path.split("/").at(-1) ?? "");
    expect(scripts.filter((name) => /\.(sh|py)$/.test(name)).sort()).toEqual([
      "boot.sh",
      "common.sh",
      "fetch-program.sh",
      "file.sh",
      "unpack_files.py",
    ]);
  });

  it("with a signal URL enables the service that reports readiness", () => {
    const announcing = parseCloudConfig(cloudConfig(bootSpec({ announce })));
    expect(announcing.runcmd.at(-1)).toEqual([
      "systemctl",
      "enable",
      "--now",
      "--no-block",
      "ray-cluster.service",
      "ray-cluster-announce.service",
    ]);
    expect(boot("announce", announcing)).toBe("web.sh a\n");
    expect(boot("gate", announcing)).toContain("\n--name=ray-cluster-gate\n");
    const worker = bootSpec({ announce, container: containerSpec(MACHINES, MACHINES.nodes[1]) });
    expect(boot("workloads", announcing)).toBe("store.sh w/\n");
    for (const name of ["gate", "workloads"]) {
      expect(boot(name, parseCloudConfig(cloudConfig(worker)))).toBe("");
    }
    expect(boot("settings", announcing)).toMatch(/^announce_boot_seconds=900$/m);
    expect(boot("announce")).toBe("");
    for (const name of ["announce.sh", "put_signal.py"]) {
      expect(fileOf(announcing, `/usr/local/lib/ray-cluster/${name}`)).not.toBe("");
    }
  });

  it("lists stages with the folder first, and refuses a folder with a space", () => {
    const stages = [{ source: { name: "web.sh", arguments: ["a", "b"] }, folder: "/mnt/disk/models" }];
    const staging = parseCloudConfig(cloudConfig(bootSpec({ stages })));
    expect(boot("stages", staging)).toBe("/mnt/disk/models web.sh a b\n");
    expect(() => cloudConfig(bootSpec({ stages: [{ ...stages[0], folder: "/a b" }] }))).toThrow("'/a b'");
  });

  it("of a derived image includes its build context in the bundle and its hash", () => {
    const build = { base: "vllm/vllm-openai:v0.33.0", sources: [], packages: ["ray==2.58.0"] };
    const spec = bootSpec({ build, program: undefined });
    const building = parseCloudConfig(cloudConfig(spec));
    const text = fileOf(building, BUNDLE);
    expect(text).toBe(machineBundle(spec.container.files, build, UNUSED));
    for (const { name, content } of derivedImageFiles(build)) {
      expect(JSON.parse(text)[`host:/var/lib/ray-cluster/host/image-recipe/${name}`]).toBe(content);
    }
    expect(boot("settings", building)).toContain("\nbase=vllm/vllm-openai:v0.33.0\n");
    expect(boot("settings", building)).toContain(`\nprogram_sha256=${sha256(text)}\n`);
    expect(boot("settings")).not.toContain(sha256(text));
  });

  it("contains a file of two mounts once", () => {
    const files = [{ path: "/usr/local/lib/x.sh", content: "x" }];
    const mounts = bootSpec().mounts?.map((mount) => ({ ...mount, files })) ?? [];
    const both = [...mounts, { ...mounts[0], hostPath: "/mnt/more" }];
    expect(fileOf(parseCloudConfig(cloudConfig(bootSpec({ mounts: both }))), "/usr/local/lib/x.sh")).toBe(
      "x",
    );
  });

  it("refuses a source whose arguments contain spaces", () => {
    const program = { name: "web.sh", arguments: ["a b"] };
    expect(() => cloudConfig(bootSpec({ program }))).toThrow(
      "must be non-empty and contain no spaces, got 'a b'",
    );
  });
});

describe("machineBundle", () => {
  const files: { readonly [name: string]: string } = JSON.parse(machineBundle(bootSpec().container.files));
  const names = Object.keys(files);

  it("contains the container's files without node.json", () => {
    expect(names).toContain("/opt/ray-cluster/ray_node/__main__.py");
    expect(names).not.toContain("/etc/ray-cluster/node.json");
  });

  it("contains the steps of a boot unchanged", () => {
    const steps = names.filter((name) => /^host:.*\.sh$/.test(name));
    expect(steps.length).toBeGreaterThan(8);
    for (const name of steps) {
      expect(files[name]).toBe(readFileSync(join(ROOTFS, name.replace("host:", "")), "utf8"));
    }
  });

  it("is the same for all nodes", () => {
    const texts = MACHINES.nodes.map((node) => machineBundle(containerSpec(MACHINES, node).files));
    expect(new Set(texts).size).toBe(1);
  });
});

describe("user data", () => {
  const sizes = [1, 2, 4, 8, 64, 256, 1000].map((nodes) => {
    const pools = [{ name: "gpu", nodes, accelerator: Accelerator.H100 }];
    const addresses = Array.from({ length: nodes }, (_, i) => `10.20.${4 + (i >> 8)}.${i & 255}`);
    const plan = planCluster(machineProps({ pools }), hostsPlace({ addresses: { gpu: addresses } }));
    return [nodes, userDataBytes(cloudConfig(bootSpec({}, plan)))] as const;
  });

  it.each(sizes)("of a cluster of %i nodes has %i bytes, within the budget", (_, bytes) => {
    expect(bytes).toBeLessThanOrEqual(USER_DATA_BUDGET_BYTES);
  });
});
