import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, run, runOrFail } from "./command";
import { Docker } from "./docker";
import { type MachineKind, machineImage } from "./machine-image";
import { REPOSITORY } from "./project";

/** CAP_SYS_RESOURCE, without which nobody raises a limit: a machine in a container has it only where we have it. */
const SYS_RESOURCE = 24;
const ASCEND = join(REPOSITORY, "test", "support", "ascend");
const MACHINE = join(REPOSITORY, "test", "e2e", "machine");

export function mayRaiseLimits(): boolean {
  const bounding = /^CapBnd:\s*([0-9a-f]+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  return ((BigInt(`0x${bounding}`) >> BigInt(SYS_RESOURCE)) & 1n) === 1n;
}

/** How a machine comes up. */
export interface MachineBoot {
  /** Arguments of `docker run`. */
  readonly options: readonly string[];
  /** What runs as the first process; empty: the image's, systemd. */
  readonly command: readonly string[];
}

/** The usual one. */
export const SYSTEMD: MachineBoot = { options: ["--volume", "/var/lib/docker"], command: [] };

/** What a person writes of a machine in an inventory. */
export interface InventoryEntry {
  readonly name: string;
  readonly address: string;
  /** @default - the machine is a node */
  readonly status?: "retired" | "lost";
}

/** One simulated machine: a container with sshd, mostly a Docker engine of its own, and systemd or a plain boot. */
export class SimulatedMachine {
  public constructor(
    private readonly machines: SimulatedMachines,
    public readonly name: string,
    public readonly address: string,
    private readonly kind: MachineKind,
    private readonly boot: MachineBoot,
  ) {}

  public get container(): string {
    return `${this.machines.prefix}-${this.name}`;
  }

  public async start(): Promise<void> {
    const capabilities = ["--cap-add", "ALL", ...(mayRaiseLimits() ? [] : ["--cap-drop", "SYS_RESOURCE"])];
    await this.machines.docker.output(
      ...["run", "--detach", "--name", this.container, "--hostname", this.name],
      ...["--network", this.machines.prefix, "--ip", this.address, ...capabilities],
      ...["--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"],
      ...["--cgroupns", "host", "--volume", "/sys/fs/cgroup:/sys/fs/cgroup:rw", ...this.boot.options],
      ...["--tmpfs", "/run", "--tmpfs", "/tmp", "--volume", `${this.machines.folder}:/shared:ro`],
      ...[await machineImage(this.kind), ...this.boot.command],
    );
    const authorize =
      "mkdir -p -m 700 /root/.ssh && install -m 600 /shared/key.pub /root/.ssh/authorized_keys";
    await this.output("sh", "-c", authorize);
    await eventually(`${this.name} takes ssh`, 60, () => this.ssh("true"));
    if (this.kind !== "bare") {
      await eventually(`the engine of ${this.name} answers`, 90, () => this.output("docker", "version"));
    }
  }

  /** Makes it an Atlas 800T A2 from outside: device nodes, driver folder, tools. */
  public async becomeAscend(server: number): Promise<void> {
    await this.machines.docker.output("cp", ASCEND, `${this.container}:/opt/ascend`);
    await this.output("sh", "/opt/ascend/install.sh", "/", "a2", String(server), "8", "--nodes");
  }

  /** Sets the machine's clock off; its containers see that from their next start on. */
  public async setClock(secondsOff: number): Promise<void> {
    const library = join(this.machines.folder, "shifted_clock.so");
    const compile = ["-Wall", "-Wextra", "-Werror", "-O2", "-shared", "-fPIC", "-o", library];
    await runOrFail("gcc", [...compile, join(MACHINE, "shifted_clock.c")], { timeoutSeconds: 60 });
    await this.machines.docker.output("cp", `${MACHINE}/.`, `${this.container}:/opt/machine`);
    await this.output("sh", "/opt/machine/set-clock.sh", "/shared/shifted_clock.so", String(secondsOff));
  }

  /** A program on the machine, without ssh. */
  public output(...command: readonly string[]): Promise<string> {
    return this.machines.docker.output("exec", this.container, ...command);
  }

  /** Docker on the machine. */
  public docker(...args: readonly string[]): Promise<string> {
    return this.output("docker", ...args);
  }

  /** Everything that a cluster has left on the machine's engine. */
  public async leftovers(): Promise<string[]> {
    const networks = (await this.docker("network", "ls", "--format", "{{.Name}}")).split("\n");
    return [
      ...(await this.docker("ps", "--all", "--format", "{{.Names}}")).split("\n"),
      ...(await this.docker("volume", "ls", "--format", "{{.Name}}")).split("\n"),
      ...networks.filter((name) => !["bridge", "host", "none"].includes(name)),
    ].filter((name) => name !== "");
  }

  /** Takes away what a deployment that was refused has left on the machine's engine; its images stay. */
  public async sweep(): Promise<void> {
    const each = (list: string, remove: string) => `docker ${list} | xargs -r docker ${remove}`;
    const lines = [each("ps --all --quiet", "rm --force --volumes"), each("volume ls --quiet", "volume rm")];
    await this.output("sh", "-c", lines.join(" && "));
  }

  public ssh(command: string): Promise<string> {
    return runOrFail("ssh", [...this.machines.sshArguments(), `root@${this.address}`, command], {
      timeoutSeconds: 30,
    });
  }
}

/** Machines on a network of their own, which are reached by ssh with a key of the test's own. */
export class SimulatedMachines {
  public readonly docker = new Docker();
  public readonly folder = mkdtempSync(join(tmpdir(), "e2e-machines-"));
  private readonly started: SimulatedMachine[] = [];

  /** @param subnet first three numbers of a network of the test's own */
  public constructor(
    public readonly prefix: string,
    private readonly subnet: string,
  ) {}

  public get subnetCidr(): string {
    return `${this.subnet}.0/24`;
  }

  public async create(): Promise<void> {
    await this.remove();
    await this.docker.output("network", "create", "--subnet", this.subnetCidr, this.prefix);
    const key = join(this.folder, "key");
    await runOrFail("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key], { timeoutSeconds: 30 });
  }

  public async add(
    name: string,
    host: number,
    kind: MachineKind = "docker",
    boot = SYSTEMD,
  ): Promise<SimulatedMachine> {
    const machine = new SimulatedMachine(this, name, `${this.subnet}.${host}`, kind, boot);
    this.started.push(machine);
    await machine.start();
    return machine;
  }

  /** As ssh's configuration file has them. */
  public sshOptions(): string[] {
    return [
      `IdentityFile=${join(this.folder, "key")}`,
      `UserKnownHostsFile=${join(this.folder, "known_hosts")}`,
      "StrictHostKeyChecking=accept-new",
      "ConnectTimeout=5",
    ];
  }

  public sshArguments(): string[] {
    return ["-o", "BatchMode=yes", ...this.sshOptions().flatMap((option) => ["-o", option])];
  }

  /** Copies an image from the machine that tests run on. */
  public async load(image: string, machines: readonly SimulatedMachine[]): Promise<void> {
    const file = join(this.folder, "image.tar");
    await runOrFail("docker", ["save", "--output", file, image], { timeoutSeconds: 180 });
    await Promise.all(
      machines.map((machine) => machine.docker("load", "--quiet", "--input", "/shared/image.tar")),
    );
    rmSync(file);
  }

  /** An inventory of these machines as a person writes it. */
  public inventory(machines: readonly InventoryEntry[], user = "root"): string {
    const file = join(this.folder, "machines.yaml");
    const lines = [
      `subnetCidr: ${this.subnetCidr}`,
      `sshUser: ${user}`,
      "sshOptions:",
      ...this.sshOptions().map((option) => `  - ${option}`),
      "hosts:",
      ...machines.flatMap(({ name, address, status }) => [
        `  - name: ${name}`,
        `    sshHost: ${address}`,
        `    address: ${address}`,
        ...(status === undefined ? [] : [`    status: ${status}`]),
      ]),
    ];
    writeFileSync(file, `${lines.join("\n")}\n`);
    return file;
  }

  /** Connections that ssh still keeps open would outlive their machines. */
  public async closeConnections(user = "root"): Promise<void> {
    for (const { address } of this.started) {
      const socket = `ControlPath=${join(homedir(), ".ssh")}/ray-cluster-%C`;
      await run("ssh", ["-O", "exit", "-o", socket, "-l", user, "-p", "22", address], {
        timeoutSeconds: 10,
      });
    }
  }

  public async remove(): Promise<void> {
    await this.closeConnections();
    await this.docker.sweep(this.prefix);
  }

  public async end(): Promise<void> {
    await this.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
