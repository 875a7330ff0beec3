import childProcess from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { App, TerraformStack } from "cdktf";
import { Local2x8 } from "../../../stacks/local-2x8";
import { Local4x8 } from "../../../stacks/local-4x8";
import { VllmCpu2x1 } from "../../../stacks/vllm-cpu-2x1";
import { Synthesized } from "../../support/synth";

interface Expectation {
  readonly name: string;
  readonly Stack: new (app: App, id: string) => TerraformStack;
  readonly pool: string;
  readonly nodes: number;
  readonly accelerators: number;
  readonly subnet: string;
  readonly apiPort: number;
  readonly device: string;
  readonly image: RegExp;
  /** How the engine's programs begin that the containers get with their files. */
  readonly enginePrograms?: string;
}

const EMULATION = {
  accelerators: 8,
  image: /^cdktf-ray-cluster\/emulation:ray/,
  enginePrograms: "/opt/ray-cluster/emulated_",
};

const STACKS: readonly Expectation[] = [
  {
    name: "local-2x8",
    Stack: Local2x8,
    pool: "npu",
    nodes: 2,
    subnet: "10.89.28",
    apiPort: 8000,
    device: "/dev/davinci",
    ...EMULATION,
  },
  {
    name: "local-4x8",
    Stack: Local4x8,
    pool: "gpu",
    nodes: 4,
    subnet: "10.89.48",
    apiPort: 8001,
    device: "/dev/nvidia",
    ...EMULATION,
  },
  {
    name: "vllm-cpu-2x1",
    Stack: VllmCpu2x1,
    pool: "gpu",
    nodes: 2,
    accelerators: 1,
    subnet: "10.89.68",
    apiPort: 8002,
    device: "/dev/nvidia",
    image: /^cdktf-ray-cluster\/vllm-cpu:\d+\.\d+\.\d+-[0-9a-f]{12}$/,
  },
];

function synth({ name, Stack }: Expectation): Synthesized {
  return Synthesized.app((app) => new Stack(app, name), name);
}

/** Every file below a folder with its content. */
function contents(folder: string): { [path: string]: string } {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  return Object.fromEntries(
    files
      .filter((file) => statSync(join(folder, file)).isFile())
      .map((file) => [file, readFileSync(join(folder, file), "utf8")]),
  );
}

describe.each(STACKS)("stack $name", (expected) => {
  const { name, pool, nodes, accelerators, subnet, apiPort, device, image, enginePrograms } = expected;
  const stack = synth(expected);
  const containers = Object.values(stack.resources("docker_container"));
  const nodeContainers = containers.filter((container) => container.name !== `${name}-gate`);
  const gate = containers.find((container) => container.name === `${name}-gate`)!;
  const indices = [...Array(nodes).keys()];

  afterAll(() => {
    stack.remove();
  });

  it("holds exactly its nodes, the gate, one network, one volume and the record of its terms", () => {
    expect(stack.counts()).toEqual({
      docker_container: nodes + 1,
      docker_network: 1,
      docker_volume: 1,
      terraform_data: 1,
    });
    expect(Object.keys(stack.json).sort()).toEqual(["//", "output", "provider", "resource", "terraform"]);
    expect(Object.keys(stack.json.output)).toEqual(["endpoint"]);
    expect(stack.json.provider).toEqual({ docker: [{}] });
  });

  it("gives every node its planned name and address, and the gate one that no node can get", () => {
    const placed = nodeContainers.map(({ name: container, hostname, networks_advanced: networks }) => [
      container,
      hostname,
      networks.map((network: { ipv4_address: string }) => network.ipv4_address),
    ]);
    expect(placed.sort()).toEqual(
      indices.map((index) => [`${name}-${pool}-${index}`, `${pool}-${index}`, [`${subnet}.${10 + index}`]]),
    );
    expect(gate.networks_advanced.map((n: { ipv4_address: string }) => n.ipv4_address)).toEqual([
      `${subnet}.2`,
    ]);
    const [network] = Object.values(stack.resources("docker_network"));
    const ipam = { subnet: `${subnet}.0/24`, gateway: `${subnet}.1` };
    expect(network).toMatchObject({ name, driver: "bridge", ipam_config: [ipam] });
  });

  it("publishes one port: the engine's API of the head, on loopback", () => {
    const published = containers.flatMap((container) =>
      (container.ports ?? []).map((port: object) => ({ container: container.name, ...port })),
    );
    expect(published).toEqual([
      {
        container: `${name}-${pool}-0`,
        internal: 8000,
        external: apiPort,
        ip: "127.0.0.1",
        protocol: "tcp",
      },
    ]);
    expect(stack.text).not.toContain("publish_all_ports");
  });

  it("asks the host for nothing but emulated device nodes", () => {
    for (const container of nodeContainers) {
      expect(container.devices).toEqual(
        [...Array(accelerators).keys()].map((index) => ({
          host_path: "/dev/null",
          container_path: `${device}${index}`,
          permissions: "rwm",
        })),
      );
    }
    expect(gate.devices).toBeUndefined();
    for (const attribute of ["privileged", "network_mode", "pid_mode", "ipc_mode", "userns_mode"]) {
      expect(containers.filter((container) => attribute in container)).toEqual([]);
    }
    // Only fewer than Docker's own.
    for (const container of containers) {
      expect(container.capabilities).toEqual({ drop: ["CAP_AUDIT_WRITE", "CAP_MKNOD", "CAP_NET_RAW"] });
    }
    const sources = containers.flatMap((container) => container.mounts.map((m: { type: string }) => m.type));
    expect(sources).toEqual(Array(nodes + 1).fill("volume"));
  });

  it("runs all of it in one image, pinned by its inputs", () => {
    const [one, ...others] = new Set(containers.map((container) => container.image));
    expect(one).toMatch(image);
    expect(others).toEqual([]);
  });

  it("keeps every node running and stops it in peace", () => {
    for (const container of nodeContainers) {
      expect(container).toMatchObject({ init: true, must_run: true, restart: "unless-stopped" });
      expect(container.destroy_grace_seconds).toBeGreaterThan(container.stop_timeout);
      expect(container.stop_timeout).toBeGreaterThan(20);
      expect(container.log_driver).toBe("local");
      expect(container.healthcheck.test).toEqual(["CMD", "python3", "-m", "ray_node", "status"]);
    }
  });

  it("replaces a node with its health check or mounts, and the gate with its nodes", () => {
    for (const container of nodeContainers) {
      expect(container.labels.map((label: { label: string }) => label.label)).toEqual([
        "ray-cluster.healthcheck",
        "ray-cluster.mounts",
      ]);
    }
    const resources = Object.keys(stack.resources("docker_container"));
    const nodeNames = resources.filter((resource) => !resource.includes("_gate_"));
    expect(gate.lifecycle.replace_triggered_by).toEqual(nodeNames.map((node) => `docker_container.${node}`));
    expect(gate.labels.map((label: { value: string }) => label.value)).toEqual(
      nodeNames.map((node) => `\${docker_container.${node}.id}`),
    );
  });

  it("waits at the gate, whose verdict fails the deployment", () => {
    expect(gate).toMatchObject({
      attach: true,
      logs: true,
      must_run: false,
      restart: "no",
      timeouts: { create: "783s" },
    });
    expect(gate.command.slice(-8)).toEqual([
      ...["python3", "-m", "ray_node", "wait"],
      ...["--workload", "/etc/ray-cluster/workload.json", "--holder", "/etc/ray-cluster/deployer"],
    ]);
    expect(gate.provisioner).toHaveLength(1);
    expect(gate.provisioner[0]["local-exec"].command).toContain('exit "$GATE_EXIT_CODE"');
    const [gateName] = Object.keys(stack.resources("docker_container")).filter((n) => n.includes("_gate_"));
    expect(stack.json.output.endpoint.value).toBe(
      `\${(docker_container.${gateName}.exit_code < 1) ? "http://127.0.0.1:${apiPort}" : null}`,
    );
  });

  it("sends the programs as one bundle beside the JSON, and only node.json and the workload inline", () => {
    for (const container of containers) {
      const [unpack, bundle, config, ...further] = container.upload;
      expect(further.map(({ file }: any) => file)).toEqual(
        container === gate ? ["/etc/ray-cluster/workload.json", "/etc/ray-cluster/deployer"] : [],
      );
      expect(unpack.source).toBe("files/unpack_files.py");
      expect(bundle.source).toBe(`files/${name}.json`);
      for (const upload of [unpack, bundle]) {
        const hash = createHash("sha256").update(stack.file(upload.source)).digest("hex");
        expect(upload.source_hash).toBe(hash);
      }
      expect(config.file).toBe("/etc/ray-cluster/node.json");
      expect(JSON.parse(config.content).cluster).toBe(name);
    }
    const programs = Object.keys(JSON.parse(stack.file(`files/${name}.json`)));
    expect(programs).toContain("/opt/ray-cluster/ray_node/__main__.py");
    const others = programs.filter((path) => !path.startsWith("/opt/ray-cluster/ray_node/"));
    expect(others.length > 0).toBe(enginePrograms !== undefined);
    expect(others.filter((path) => !path.startsWith(enginePrograms ?? ""))).toEqual([]);
    expect(programs.filter((path) => /(node|workload)\.json$/.test(path))).toEqual([]);
  });

  it("writes the review beside the JSON", () => {
    const review = stack.file("review.md");
    expect(review).toContain(`# Review of cluster \`${name}\``);
    expect(review).toContain(`http://127.0.0.1:${apiPort}`);
    for (const index of indices) {
      expect(review).toContain(`| ${pool}-${index} |`);
    }
  });

  it("is byte for byte the same when synthesized again", () => {
    const again = synth(expected);
    expect(contents(again.folder)).toEqual(contents(stack.folder));
    again.remove();
  });

  it("takes a range of providers", () => {
    expect(stack.json.terraform.required_providers).toEqual({
      docker: { source: "kreuzwerker/docker", version: ">= 4.0.0, < 5.0.0" },
    });
  });

  it("synthesizes without running any program, and whatever the environment says", () => {
    const environment = process.env;
    process.env = { PATH: "", DOCKER_HOST: "tcp://127.0.0.1:1" };
    const spies = (
      ["execSync", "execFileSync", "spawnSync", "exec", "execFile", "spawn", "fork"] as const
    ).map((start) => jest.spyOn(childProcess, start));
    try {
      const bare = synth(expected);
      expect(bare.text).toBe(stack.text);
      bare.remove();
      for (const spy of spies) {
        expect(spy).not.toHaveBeenCalled();
      }
    } finally {
      process.env = environment;
      spies.forEach((spy) => spy.mockRestore());
    }
  });
});

describe("stack vllm-cpu-2x1", () => {
  it("runs real vLLM, cut over both nodes, with the shared memory that it takes", () => {
    const stack = synth(STACKS[2]);
    const containers = Object.values(stack.resources("docker_container"));
    const nodes = containers.filter((container) => container.must_run);
    expect(nodes.map((container) => container.shm_size)).toEqual([1024, 1024]);
    const [gate] = containers.filter((container) => !container.must_run);
    const { engine } = JSON.parse(gate.upload.at(-2).content);
    const cut = "--tensor-parallel-size 2 --pipeline-parallel-size 1 --distributed-executor-backend mp";
    const meeting = "--nnodes 2 --master-addr 10.89.68.10 --master-port 29501";
    expect(engine.argv.join(" ")).toMatch(/^vllm serve \/models\/tiny-llama /);
    expect(engine.argv.join(" ")).toContain(cut);
    expect(engine.argv.join(" ")).toContain(`${meeting} --node-rank 0`);
    expect(engine.follower.argv.join(" ")).toContain(`${meeting} --headless`);
    expect(engine.requires).toEqual({ programs: ["vllm"], pythonModules: ["vllm"], paths: [] });
    stack.remove();
  });
});

describe("all stacks", () => {
  it("stand on one Docker host: no name, subnet or published port twice", () => {
    const stacks = STACKS.map(synth);
    const containers = stacks.flatMap((stack) => Object.values(stack.resources("docker_container")));
    const names = containers.map((container) => container.name);
    expect(new Set(names).size).toBe(names.length);
    const networks = stacks.flatMap((stack) => Object.values(stack.resources("docker_network")));
    expect(new Set(networks.map((network) => network.ipam_config[0].subnet)).size).toBe(STACKS.length);
    const ports = containers.flatMap((container) => container.ports ?? []);
    expect(new Set(ports.map((port) => port.external)).size).toBe(STACKS.length);
    stacks.forEach((stack) => stack.remove());
  });
});
