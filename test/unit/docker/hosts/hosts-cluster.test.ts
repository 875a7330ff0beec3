import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
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
  HostPathStorage,
  PacketFilter,
  RayCluster,
  type RayClusterProps,
  SecretRef,
  VllmExecutor,
  VllmServe,
} from "../../../../lib";
import { Synthesized } from "../../../support/synth";

const DIGEST = `registry.internal/vllm-ascend@sha256:${"0123456789abcdef".repeat(4)}`;

function hosts(count: number, first = 10): HostMachine[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `atlas-${index}`,
    sshHost: `10.20.0.${first + index}`,
    address: `10.30.0.${first + index}`,
  }));
}

function backend(machines = hosts(2)): HostsBackend {
  return new HostsBackend({ hosts: machines, subnetCidr: "10.30.0.0/24" });
}

const PROPS = {
  fabric: Fabric.ROCE,
  image: ContainerImage.of(DIGEST, { rayVersion: "2.58.0" }),
  engine: new EmulatedServe(),
};

function synth(change: Partial<RayClusterProps> = {}, nodes = 2): Synthesized {
  return Synthesized.of((stack) => {
    new RayCluster(stack, "c1", {
      ...PROPS,
      backend: backend(hosts(nodes)),
      pools: [{ name: "npu", nodes, accelerator: Accelerator.ASCEND_910B_64GB }],
      ...change,
    });
  });
}

/** A resource of a type by the end of its construct id. */
function find(stack: Synthesized, type: string, id: string) {
  const found = Object.values(stack.resources(type)).find((one) =>
    one["//"].metadata.path.endsWith(`/${id}`),
  );
  if (found === undefined) {
    throw new Error(`no ${type} ${id}`);
  }
  return found;
}

describe("a cluster on existing machines", () => {
  const stack = synth();
  const worker = find(stack, "docker_container", "atlas-1-node");

  afterAll(() => {
    stack.remove();
  });

  it("has a check, a packet filter, an image, two volumes, a token and a container on each machine, and one readiness check", () => {
    expect(stack.counts()).toEqual({
      terraform_data: 8,
      docker_image: 2,
      docker_volume: 4,
      docker_container: 3,
    });
  });

  it("has one provider per machine and one for its container, over shared ssh connections", () => {
    const [images] = Object.keys(stack.resources("terraform_data")).filter((id) => id.includes("_images_"));
    const containersOf = (host: string) =>
      `\${(length(terraform_data.${images}.input) >= 1) ? "${host}" : null}`;
    const providers: { alias: string; host: string; ssh_opts: string[] }[] = stack.json.provider.docker;
    expect(providers.map(({ alias, host }) => [alias, host])).toEqual([
      ["ssh-root-10-20-0-10-22", "ssh://root@10.20.0.10:22"],
      ["ssh-root-10-20-0-11-22", "ssh://root@10.20.0.11:22"],
      ["containers-c1-ssh-root-10-20-0-10-22", containersOf("ssh://root@10.20.0.10:22")],
      ["containers-c1-ssh-root-10-20-0-11-22", containersOf("ssh://root@10.20.0.11:22")],
    ]);
    expect(providers[0].ssh_opts).toContain("ControlMaster=auto");
    expect(worker.provider).toBe("docker.containers-c1-ssh-root-10-20-0-11-22");
  });

  it("runs unprivileged containers on the host's network with the devices", () => {
    expect(worker).toMatchObject({ network_mode: "host", restart: "unless-stopped" });
    for (const attribute of ["privileged", "ports", "networks_advanced", "gpus"]) {
      expect(worker).not.toHaveProperty(attribute);
    }
    expect(worker.devices).toHaveLength(11);
    expect(worker.labels).toContainEqual({ label: "ray-cluster.cluster", value: "c1" });
  });

  it("mounts the token read-only from a volume", () => {
    const secrets = worker.mounts.find((mount: any) => mount.target === "/var/lib/ray-cluster/secrets");
    expect(secrets).toMatchObject({ type: "volume", read_only: true });
    const token = find(stack, "terraform_data", "atlas-1-token");
    expect(token.provisioner[0]["local-exec"].command).toBe("sh hosts/share-token.sh");
    expect(token.triggers_replace[1]).toContain("atlas-0-token");
  });

  it("has the variables' secrets on each machine with a process of the engine, which the check looks for", () => {
    const engine = new VllmServe({ modelPath: "/models/m", executor: VllmExecutor.MP });
    const secrets = { WANDB_API_KEY: SecretRef.hostFile("/root/wandb") };
    const followed = synth({ engine, secrets });
    for (const name of ["atlas-0", "atlas-1"]) {
      expect(find(followed, "docker_container", `${name}-node`).mounts).toContainEqual({
        type: "bind",
        source: "/root/wandb",
        target: "/run/secrets/ray-cluster/environment.WANDB_API_KEY",
        read_only: true,
      });
      const check = find(followed, "terraform_data", `${name}-check`);
      expect(JSON.stringify(check)).toContain("mount /root/wandb");
    }
    followed.remove();
  });

  it("copies the token at most four times from each machine", () => {
    const many = synth({}, 16);
    const sources = Array.from({ length: 15 }, (_, index) => {
      const { triggers_replace: triggers, provisioner } = find(
        many,
        "terraform_data",
        `atlas-${index + 1}-token`,
      );
      const [, from] = /^atlas-(\d+) /.exec(provisioner[0]["local-exec"].environment.SOURCE) ?? [];
      // Only a machine that has the token can give it.
      expect(triggers[1]).toContain(`atlas-${from}-token`);
      return Number(from);
    });
    expect(sources).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3]);
  });

  it("checks a machine before anything else", () => {
    const checked = Object.keys(stack.resources("terraform_data")).find((id) => id.includes("atlas-1-check"));
    for (const type of ["docker_image", "docker_volume"]) {
      const mine = Object.entries(stack.resources(type)).filter(([id]) => id.includes("atlas-1"));
      for (const [, resource] of mine) {
        expect(resource.depends_on).toEqual([`terraform_data.${checked}`]);
      }
    }
    const { environment } = find(stack, "terraform_data", "atlas-1-check").provisioner[0]["local-exec"];
    expect(environment.IF_GONE).toMatch(
      /^If it is gone for good, write `status: lost` in the entry of 'atlas-1' in /,
    );
    const facts: string[] = environment.FACTS.split("\n");
    expect(facts.slice(0, 4)).toEqual([
      "cluster c1",
      "container c1-atlas-1",
      "address 10.30.0.11",
      "head 10.30.0.10",
    ]);
    const ofHead = find(stack, "terraform_data", "atlas-0-check").provisioner[0]["local-exec"];
    expect(ofHead.environment.FACTS).not.toContain("head 10.30.0.10");
    expect(facts).toContain("device /dev/davinci7");
    expect(facts).toContain("mount /usr/local/Ascend/driver");
    expect(facts).toContain("port 10002-10999");
    expect(facts).toContain("docker 20.10.10");
    // Only the head has these.
    expect(facts).not.toContain("port 6379");
  });

  it("runs the image by id and compares a tag with the head's", () => {
    expect(worker.image).toMatch(/^\$\{docker_image\..*atlas-1-image.*\.image_id\}$/);
    expect(worker.lifecycle?.precondition).toBeUndefined();
    const byTag = synth({ image: ContainerImage.of("registry.internal/a:1", { rayVersion: "2.58.0" }) });
    const compared = (node: string) =>
      find(byTag, "docker_container", `${node}-node`).lifecycle?.precondition?.length ?? 0;
    expect([compared("atlas-0"), compared("atlas-1")]).toEqual([0, 1]);
    // By the digest in the registry, since ids differ between Docker's two image stores.
    const [{ condition }] = find(byTag, "docker_container", "atlas-1-node").lifecycle.precondition;
    const bare = condition.replace(/docker_image\.\w*(atlas-\d)\w*-image\w*/g, "$1");
    expect(bare).toBe(
      "${coalesce(atlas-1.repo_digest, atlas-1.image_id) == coalesce(atlas-0.repo_digest, atlas-0.image_id) || atlas-1.image_id == atlas-0.image_id}",
    );
    byTag.remove();
  });

  it("uploads the digest of the image that the machine runs", () => {
    const written = (one: Synthesized) =>
      find(one, "docker_container", "atlas-1-node").upload.find(
        (file: any) => file.file === "/etc/ray-cluster/image-digest",
      );
    expect(written(stack).content).toMatch(
      /^\$\{join\("\\n", compact\(\[docker_image\..*atlas-1-image.*\.repo_digest, docker_image.*\.image_id\]\)\)\}$/,
    );
    const byTag = synth({ image: ContainerImage.of("registry.internal/a:1", { rayVersion: "2.58.0" }) });
    expect(written(byTag).content).toBe(written(stack).content);
    byTag.remove();
    // Each machine builds a derived image for itself, and each gets another id.
    const base = ContainerImage.of("registry.internal/a:1");
    const derived = synth({ image: ContainerImage.withPythonPackages(base, ["ray==2.58.0"]) });
    expect(written(derived)).toBeUndefined();
    expect(find(derived, "docker_container", "atlas-1-node").lifecycle?.precondition).toBeUndefined();
    derived.remove();
  });

  it("writes the checks of the deployment for the command prepare-hosts", () => {
    const file = JSON.parse(stack.file("hosts/c1.json"));
    expect(file.machines.map((machine: any) => machine.called)).toEqual([
      "atlas-0 (ssh://root@10.20.0.10:22)",
      "atlas-1 (ssh://root@10.20.0.11:22)",
    ]);
    const { environment } = find(stack, "terraform_data", "atlas-1-check").provisioner[0]["local-exec"];
    expect(file.machines[1].facts.join("\n")).toBe(environment.FACTS);
    expect(file.machines[1].sshArguments.join("\n")).toBe(environment.SSH_ARGUMENTS);
  });

  it("writes its scripts beside the stack", () => {
    for (const name of ["on-host.sh", "share-token.sh", "check-machine.sh", "cluster-token.sh"]) {
      expect(stack.file(`hosts/${name}`)).toMatch(/^#!/);
    }
  });

  it("lists the machines in the review", () => {
    expect(stack.file("review.md")).toContain("| atlas-1 | atlas-1 | ssh://root@10.20.0.11:22 |");
  });
});

it("a cluster of 16 machines has two providers for each", () => {
  const stack = synth({}, 16);
  expect(stack.json.provider.docker).toHaveLength(32);
  expect(stack.counts()).toEqual({
    terraform_data: 50,
    docker_image: 16,
    docker_volume: 32,
    docker_container: 17,
  });
  stack.remove();
});

it("a machine with driverPaths has the tool mounted from there", () => {
  const [head, worker] = hosts(2);
  const stack = synth({ backend: backend([head, { ...worker, driverPaths: ["/usr/local/sbin/npu-smi"] }]) });
  const sourceOf = (node: string) =>
    find(stack, "docker_container", `${node}-node`).mounts.find(
      ({ target }: any) => target === "/usr/local/bin/npu-smi",
    ).source;
  expect([sourceOf("atlas-0"), sourceOf("atlas-1")]).toEqual([
    "/usr/local/bin/npu-smi",
    "/usr/local/sbin/npu-smi",
  ]);
  const facts = find(stack, "terraform_data", "atlas-1-check").provisioner[0]["local-exec"].environment.FACTS;
  expect(facts).toContain("mount /usr/local/sbin/npu-smi");
  stack.remove();
});

it("registry credentials are used only with registryLogins", () => {
  const auth = (registryLogins?: string[]) => {
    const machines = { hosts: hosts(2), subnetCidr: "10.30.0.0/24", registryLogins };
    const stack = synth({ backend: new HostsBackend(machines) });
    stack.remove();
    return stack.json.provider.docker.map((provider: any) => provider.registry_auth);
  };
  expect(auth()).toEqual(Array(4).fill(undefined));
  expect(auth(["quay.io"])).toEqual(Array(4).fill([{ address: "quay.io" }]));
});

it("a Ray version without authentication has a token all the same, for what nodes tell one another", () => {
  const image = ContainerImage.of(DIGEST, { rayVersion: "2.48.0" });
  const stack = synth({ image, allowUnauthenticatedRay: "a test" });
  const tokens = Object.keys(stack.resources("terraform_data")).filter((id) => id.includes("token"));
  expect(tokens).toHaveLength(2);
  stack.remove();
});

it("a folder of each machine is created by Docker, a shared one must exist", () => {
  const stack = synth({
    storage: [
      HostPathStorage.perNode("/data/models"),
      HostPathStorage.shared("/nfs", { mountPath: "/shared" }),
    ],
  });
  const worker = find(stack, "docker_container", "atlas-1-node");
  expect(worker.volumes).toEqual([
    { host_path: "/data/models", container_path: "/models", read_only: false },
  ]);
  expect(worker.mounts).toContainEqual({ type: "bind", source: "/nfs", target: "/shared", read_only: false });
  const facts = find(stack, "terraform_data", "atlas-1-check").provisioner[0]["local-exec"].environment.FACTS;
  expect(facts.split("\n").filter((fact: string) => fact.includes("/nfs"))).toEqual([
    "mount /nfs",
    "share /nfs",
  ]);
  expect(facts).not.toContain("/data/models");
  stack.remove();
});

describe("example machines", () => {
  it("synthesize, and are refused by the plan", () => {
    const stack = synth({
      backend: backend(hosts(2).map((host) => ({ ...host, sshHost: `${host.name}.example` }))),
    });
    const [refusal] = find(stack, "terraform_data", "atlas-0-check").lifecycle.precondition;
    expect(refusal.condition).toBe('${terraform.workspace == ""}');
    expect(refusal.error_message).toContain("atlas-0.example, 10.30.0.10");
    expect(refusal.error_message).toContain("Replace them in `hosts` of the HostsBackend of 'test/c1'");
    stack.remove();
  });

  it("may have an example network", () => {
    const machines = hosts(2).map((host) => ({
      ...host,
      address: host.address.replace("10.30.0", "192.0.2"),
    }));
    const stack = synth({ backend: new HostsBackend({ hosts: machines, subnetCidr: "192.0.2.0/24" }) });
    expect(find(stack, "terraform_data", "atlas-0-check").lifecycle.precondition).toHaveLength(1);
    stack.remove();
  });
});

describe("an inventory", () => {
  const folder = mkdtempSync(join(tmpdir(), "hosts-backend-"));
  const file = join(folder, "machines.yaml");
  const write = (sshHost: string) => {
    const machine = `{ name: a, sshHost: ${sshHost}, address: 10.30.0.1 }`;
    writeFileSync(file, `subnetCidr: 10.30.0.0/24\nsshUser: ops\nhosts:\n  - ${machine}\n`);
  };
  const pools = [{ name: "npu", nodes: 1, accelerator: Accelerator.ASCEND_910B_64GB }];

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it("sets the machines as properties do", () => {
    write("10.20.0.1");
    const stack = synth({ backend: HostsBackend.fromInventory(file), pools });
    expect(stack.json.provider.docker[0].host).toBe("ssh://ops@10.20.0.1:22");
    stack.remove();
  });

  it("is named by the refusal of example machines", () => {
    write("192.0.2.1");
    const stack = synth({ backend: HostsBackend.fromInventory(file), pools });
    const [refusal] = find(stack, "terraform_data", "a-check").lifecycle.precondition;
    expect(refusal.error_message).toMatch(/Replace them in .*machines\.yaml\.$/);
    stack.remove();
  });

  it("reports its mistakes together with those of the cluster", () => {
    writeFileSync(file, "hosts:\n  - { name: a, sshHst: b, address: 10.30.0.1 }\n");
    const props = { backend: HostsBackend.fromInventory(file), pools, headTimeoutSeconds: 0 };
    const rules = ["RC318", "RC319", "RC320", "RC080"];
    const problems = rules.map((rule) => expect.objectContaining({ rule }) as unknown);
    expect(() => synth(props)).toThrow(
      expect.objectContaining({ problems: expect.arrayContaining(problems) as unknown }) as Error,
    );
  });

  it.each([
    ["a path", file],
    ["one for each stack", { one: file, two: "other.yaml" }],
  ])("is named by the context: %s", (_, inventory) => {
    write("10.20.0.1");
    const stack = new TerraformStack(new App({ context: { inventory } }), "one");
    const cluster = new RayCluster(stack, "c1", {
      ...PROPS,
      backend: HostsBackend.fromContext(stack),
      pools,
    });
    expect(cluster.plan.nodes.map(({ address }) => address)).toEqual(["10.30.0.1"]);
  });

  it("is that of the stack, wherever the stack is in the app", () => {
    write("10.20.0.1");
    const team = new Construct(new App({ context: { inventory: { one: file } } }), "team");
    const stack = new TerraformStack(team, "one");
    const backend = HostsBackend.fromContext(stack);
    const { plan } = new RayCluster(stack, "c1", { ...PROPS, backend, pools });
    expect(plan.nodes.map(({ address }) => address)).toEqual(["10.30.0.1"]);
  });

  it("is required in the context", () => {
    const stack = new TerraformStack(new App(), "one");
    expect(() => HostsBackend.fromContext(stack)).toThrow("Missing input: the inventory of 'one'. Set");
    const other = new TerraformStack(new App({ context: { inventory: { two: file } } }), "one");
    expect(() => HostsBackend.fromContext(other)).toThrow("Missing input: the inventory of 'one'");
  });
});

describe("the packet filter", () => {
  const filterOf = (stack: ReturnType<typeof synth>, node: string) =>
    find(stack, "terraform_data", `${node}-filter`);
  const factsOf = (filter: any, index = 0): string[] =>
    index === 0
      ? filter.provisioner[0]["local-exec"].environment.FACTS.split("\n")
      : filter.input.FACTS.split("\n");

  it("closes the plan's own ports of each machine to all but the members, and never ssh", () => {
    const stack = synth();
    const [head, worker] = ["atlas-0", "atlas-1"].map((node) => factsOf(filterOf(stack, node)));
    expect(head.slice(0, 2)).toEqual(["action apply", "cluster c1"]);
    for (const facts of [head, worker]) {
      expect(facts.filter((fact) => fact.startsWith("member"))).toEqual([
        "member 10.30.0.10",
        "member 10.30.0.11",
      ]);
      expect(facts).toContain("port 10002-10999 cluster");
      expect(facts).toContain("ssh 22");
    }
    expect(head).toEqual(
      expect.arrayContaining(["port 6379 cluster", "port 8000 users", "port 10001 cluster"]),
    );
    expect(worker.join()).not.toMatch(/port (6379|8000|10001) /);
    stack.remove();
  });

  it("is there before the container, and goes with it unless it was renewed", () => {
    const stack = synth();
    const filter = filterOf(stack, "atlas-1");
    expect(find(stack, "docker_container", "atlas-1-node").depends_on.join()).toContain("filter");
    expect(filter.lifecycle).toEqual({ create_before_destroy: true });
    expect(filter.provisioner[1]["local-exec"]).toMatchObject({
      when: "destroy",
      command: "sh hosts/on-host.sh hosts/packet-filter.sh",
      environment: { FACTS: "${self.input.FACTS}", SSH_ARGUMENTS: "${self.input.SSH_ARGUMENTS}" },
    });
    expect(factsOf(filter, 1)).toEqual(["action remove", "cluster c1", factsOf(filter)[2]]);
    expect(factsOf(filter)[2]).toMatch(/^version [0-9a-f]{16}$/);
    stack.remove();
  });

  it("is none where something else is named, and is taken off a machine that retires", () => {
    const elsewhere = new HostsBackend({
      hosts: hosts(2),
      subnetCidr: "10.30.0.0/24",
      packetFilter: PacketFilter.by("the access lists of the switch"),
    });
    const stack = synth({ backend: elsewhere });
    expect(Object.keys(stack.resources("terraform_data")).filter((id) => id.includes("filter"))).toEqual([]);
    expect(stack.file("review.md")).toContain("Access is restricted by: the access lists of the switch.");
    stack.remove();
    const [head, worker, old] = hosts(3);
    const smaller = synth({ backend: backend([head, worker, { ...old, status: "retired" }]) });
    expect(factsOf(find(smaller, "terraform_data", "atlas-2-filter-removal"))).toEqual([
      "action remove",
      "cluster c1",
    ]);
    smaller.remove();
  });
});
