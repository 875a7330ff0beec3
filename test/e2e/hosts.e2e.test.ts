/**
 * Two simulated Ascend servers with systemd, sshd and their own Docker engine, deployed to over ssh; refused by
 * name: unreachable, no Docker, an old Docker, a missing device, NPUs of another container, a talking login shell, a taken
 * port, another cluster, another image, example addresses. Its owner looks at the cluster, uses it, rotates its token and gets an archive for
 * help.
 */
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { emulationImageTag } from "../../lib/docker/images/emulation-image";
import { describeWith } from "../support/requirements";
import { ask } from "./support/client";
import { note } from "./support/cluster";
import { type CommandResult, eventually, run } from "./support/command";
import { hostsDeclaration, hostsProject } from "./support/hosts-project";
import { mayRaiseLimits, type SimulatedMachine, SimulatedMachines } from "./support/machines";
import { owner, whileOwner } from "./support/owner";
import { type Project, unwrapped } from "./support/project";
import { DEPLOYMENT, SSH } from "./support/requirements";
import { everythingBelow, holders, type Place } from "./support/secret-search";

const NAME = "e2e-hosts";
/** Its packet filter on each machine. */
const FILTER = "table inet ray_cluster_e2e_hosts";
const TOKEN = "/var/lib/ray-cluster/secrets/ray-token";
/** Another version in front of the engine's own. */
const OLD_DOCKER = `cat >/usr/local/bin/docker <<'END' && chmod +x /usr/local/bin/docker
#!/bin/sh
case "$*" in version*Server*) echo 18.09.0 ;; *) exec /usr/bin/docker "$@" ;; esac
END`;
const PORT_HOLDER = "import socket, time; port = socket.create_server(('0.0.0.0', 6379)); time.sleep(600)";

describeWith([...DEPLOYMENT, SSH], "two Ascend servers that exist", () => {
  const machines = new SimulatedMachines("e2e-machines", "10.89.120");
  let atlas0: SimulatedMachine;
  let atlas1: SimulatedMachine;
  let bare: SimulatedMachine;
  let project: Project;

  beforeAll(async () => {
    if (!mayRaiseLimits()) {
      note("the containers ask for no ulimits: nobody here may raise any (no CAP_SYS_RESOURCE)");
    }
    await machines.create();
    atlas0 = await machines.add("atlas-0", 10);
    atlas1 = await machines.add("atlas-1", 11);
    bare = await machines.add("bare", 12, "bare");
    await atlas0.becomeAscend(0);
    await atlas1.becomeAscend(1);
    await bare.becomeAscend(2);
    await machines.load(emulationImageTag(), [atlas0, atlas1]);
  }, 900_000);

  afterAll(async () => {
    await machines.end();
  }, 240_000);

  describe("are refused before anything is made on them", () => {
    interface Case {
      readonly what: string;
      readonly says: () => RegExp;
      readonly break: () => Promise<unknown>;
      readonly mend?: () => Promise<unknown>;
      readonly machines?: () => readonly Pick<SimulatedMachine, "name" | "address">[];
      /** Nothing was made on it; `undefined`: it has no engine that could say so. */
      readonly refused?: () => SimulatedMachine;
      /** @default - false: what was made on the other machine is swept away */
      readonly isDestroyed?: boolean;
    }
    const nothing = () => Promise.resolve();

    const cases: readonly Case[] = [
      {
        what: "a machine that cannot be reached",
        machines: () => [atlas0, { name: "atlas-9", address: "10.89.120.99" }],
        break: nothing,
        says: () =>
          /atlas-9 \(ssh:\/\/root@10\.89\.120\.99:22\): cannot be reached over ssh.*write `status: lost` in the entry of 'atlas-9'/,
      },
      {
        what: "a machine without Docker",
        machines: () => [atlas0, bare],
        break: nothing,
        says: () => /bare \(ssh:\/\/root@10\.89\.120\.12:22\): problem: docker: Docker is not installed/,
      },
      {
        what: "a missing device",
        break: () => atlas1.output("rm", "/dev/davinci7"),
        mend: () => atlas1.becomeAscend(1),
        refused: () => atlas1,
        isDestroyed: true,
        says: () => /atlas-1 \(\S+\): problem: device: \/dev\/davinci7 is missing/,
      },
      {
        what: "a Docker engine that is too old",
        break: () => atlas1.output("sh", "-c", OLD_DOCKER),
        mend: () => atlas1.output("rm", "/usr/local/bin/docker"),
        refused: () => atlas1,
        says: () =>
          /atlas-1 \(\S+\): problem: docker-version: Docker 18\.09\.0 is older than 20\.10\.10, which images/,
      },
      {
        what: "an NPU that belongs to another container",
        break: () =>
          atlas1.docker(
            ...["run", "--detach", "--name", "training", "--device", "/dev/davinci3"],
            ...["--entrypoint", "sleep", emulationImageTag(), "600"],
          ),
        mend: () => atlas1.docker("rm", "--force", "training"),
        refused: () => atlas1,
        says: () => /atlas-1 \(\S+\): problem: npu: \/dev\/davinci3 belongs to container 'training'/,
      },
      {
        what: "a login shell that prints",
        break: () => atlas1.output("sed", "-i", "1i echo Welcome to atlas-1", "/root/.bashrc"),
        mend: () => atlas1.output("sed", "-i", "1d", "/root/.bashrc"),
        refused: () => atlas1,
        says: () =>
          /atlas-1 \(\S+\): problem: shell: its login shell prints 'Welcome to atlas-1' for every command/,
      },
      {
        what: "a container of somebody else on a port of Ray",
        break: () =>
          atlas1.docker(
            ...["run", "--detach", "--name", "somebody", "--network", "host", "--entrypoint", "python3"],
            ...[emulationImageTag(), "-c", PORT_HOLDER.replace("6379", "6380")],
          ),
        mend: () => atlas1.docker("rm", "--force", "somebody"),
        refused: () => atlas1,
        says: () => /atlas-1 \(\S+\): problem: port: 6380 is in use by container 'somebody'/,
      },
      {
        what: "a device of another cluster",
        break: () =>
          atlas0.docker(
            ...["run", "--detach", "--name", "other-npu-0", "--label", "ray-cluster.cluster=other"],
            ...["--device", "/dev/null:/dev/davinci0", "--entrypoint", "sleep", emulationImageTag(), "600"],
          ),
        mend: () => atlas0.docker("rm", "--force", "other-npu-0"),
        refused: () => atlas0,
        says: () =>
          /atlas-0 \(\S+\): problem: accelerator: \/dev\/davinci0 belongs to container 'other-npu-0' of cluster 'other'/,
      },
    ];

    it.each(cases)(
      "for $what",
      async (one) => {
        const inventory = machines.inventory(one.machines?.() ?? [atlas0, atlas1]);
        const refused = hostsProject(NAME, inventory);
        try {
          await one.break();
          const failed = await refused.deploy(120);
          note(`${one.what}: exit code ${failed.exitCode} after ${failed.seconds.toFixed(0)} s`);
          expect(unwrapped(failed)).toMatch(one.says());
          expect(failed.exitCode).not.toBe(0);
          await one.mend?.();
          if (one.refused !== undefined) {
            expect(await one.refused().leftovers()).toEqual([]);
          }
          if (one.isDestroyed) {
            // What the other machine has got goes.
            expect((await refused.destroy()).exitCode).toBe(0);
            expect([await atlas0.leftovers(), await atlas1.leftovers()]).toEqual([[], []]);
          }
        } finally {
          await Promise.all([atlas0.sweep(), atlas1.sweep()]);
          refused.remove();
        }
      },
      240_000,
    );

    it("for an image that differs from that of the head", async () => {
      const image = "e2e/other:1";
      await atlas0.docker("tag", emulationImageTag(), image);
      const container = await atlas1.docker("create", emulationImageTag());
      await atlas1.docker("commit", "--message", "another", container, image);
      await atlas1.docker("rm", container);
      const refused = hostsProject(NAME, machines.inventory([atlas0, atlas1]), hostsDeclaration(NAME, image));
      try {
        const failed = await refused.deploy(120);
        expect(unwrapped(failed)).toMatch(/Image 'e2e\/other:1' of atlas-1 \(\S+\) differs from atlas-0's/);
        expect(failed.exitCode).not.toBe(0);
        expect(await atlas1.docker("ps", "--all", "--quiet")).toBe("");
      } finally {
        await Promise.all([atlas0.sweep(), atlas1.sweep()]);
        refused.remove();
      }
    }, 240_000);

    it("for addresses of documentation, in the plan already", async () => {
      const inventory = machines.inventory([
        { name: "atlas-0", address: "192.0.2.10" },
        { name: "atlas-1", address: "192.0.2.11" },
      ]);
      writeFileSync(inventory, readFileSync(inventory, "utf8").replace(machines.subnetCidr, "192.0.2.0/24"));
      const refused = hostsProject(NAME, inventory);
      try {
        const failed = await refused.deploy(60);
        const text = unwrapped(failed);
        // cdktf may end before it has read all that Terraform says last.
        expect(text).toContain("Hosts atlas-0 (192.0.2.10, 192.0.2.10), atlas-1 (192.0.2.11");
        expect(text).not.toContain("Creating...");
        expect(failed.exitCode).not.toBe(0);
        const planned = await refused.terraform("plan", "-input=false");
        expect(unwrapped(planned)).toContain("example addresses. Replace them in");
        expect(unwrapped(planned)).toContain("machines.yaml");
        expect(planned.exitCode).toBe(1);
      } finally {
        refused.remove();
      }
    }, 240_000);
  });

  describe("as a cluster", () => {
    let deployed: CommandResult;

    beforeAll(async () => {
      project = hostsProject(NAME, machines.inventory([atlas0, atlas1]));
      deployed = await project.deploy(400);
      note(`cdktf deploy: exit code ${deployed.exitCode} after ${deployed.seconds.toFixed(0)} s`);
    }, 500_000);

    afterAll(() => {
      project.remove();
    });

    it("serves from all ranks when the deployment returns", async () => {
      expect(deployed.output).toContain("Apply complete! Resources: 17 added, 0 changed, 0 destroyed.");
      expect(deployed.output).toMatch(/atlas-1 +10\.89\.120\.11 +8 of 8/);
      expect(await ask("http://10.89.120.10:8000")).toBe(
        "16 of 16 ranks: atlas-0 (10.89.120.10) ranks 0-7 on NPU 0-7; atlas-1 (10.89.120.11) ranks 8-15 on NPU 0-7",
      );
    }, 150_000);

    it("runs one container on each machine, without privileges, on its network", async () => {
      for (const [index, machine] of [atlas0, atlas1].entries()) {
        const [{ HostConfig, Config }] = JSON.parse(
          await machine.docker("inspect", `${NAME}-atlas-${index}`),
        );
        expect(HostConfig).toMatchObject({ Privileged: false, NetworkMode: "host" });
        expect(HostConfig.Devices).toHaveLength(11);
        expect(Config.Labels).toMatchObject({ "ray-cluster.cluster": NAME });
        expect(await machine.output("nft", "list", "tables")).toContain(FILTER);
        expect(await machine.output("systemctl", "is-enabled", `ray-cluster-filter@${NAME}`)).toBe("enabled");
      }
    });

    it("needs few connections for all of it", async () => {
      for (const machine of [atlas0, atlas1]) {
        const logins = await machine.output(
          "sh",
          "-c",
          "journalctl --unit ssh | grep -c 'Accepted publickey'",
        );
        note(`${machine.name}: ${logins} logins by ssh in the whole run`);
        // A deployment alone talks to the machine dozens of times.
        expect(Number(logins)).toBeLessThan(10);
      }
    });

    it("has one token on both machines, which nobody else can read or change", async () => {
      const tokens = await Promise.all(
        [atlas0, atlas1].map((machine, index) =>
          machine.docker("exec", `${NAME}-atlas-${index}`, "cat", TOKEN),
        ),
      );
      expect(tokens[0]).toMatch(/^[0-9a-f]{64}$/);
      expect(tokens[1]).toBe(tokens[0]);
      for (const [index, machine] of [atlas0, atlas1].entries()) {
        const inside = ["exec", `${NAME}-atlas-${index}`];
        expect(await machine.docker(...inside, "stat", "-c", "%a %U", TOKEN)).toBe("600 root");
        await expect(machine.docker(...inside, "touch", `${TOKEN}.x`)).rejects.toThrow(
          "Read-only file system",
        );
      }
    });

    it("keeps the token out of state, plan, output, inspect, environments, command lines and logs", async () => {
      const token = await atlas0.docker("exec", `${NAME}-atlas-0`, "cat", TOKEN);
      const shown = await project.terraform("plan", "-input=false", "-lock=false", "-out=search.tfplan");
      const places: Place[] = [
        { name: "output", text: deployed.output, control: "Apply complete" },
        {
          name: "plan",
          text: shown.output + (await project.terraform("show", "-json", "search.tfplan")).stdout,
          control: NAME,
        },
        { name: "synthesized", text: everythingBelow(project.outputFolder), control: NAME },
        ...project
          .stateFiles()
          .map((file) => ({ name: file, text: readFileSync(file, "utf8"), control: "version" })),
      ];
      for (const machine of [atlas0, atlas1]) {
        places.push(...(await placesOn(machine)));
      }
      expect(places.filter(({ text, control }) => !text.includes(control)).map(({ name }) => name)).toEqual(
        [],
      );
      expect(holders(places, token)).toEqual([]);
    }, 240_000);

    it("is looked at and used by its owner over ssh", async () => {
      const status = await owner(project, "status");
      expect([status.exitCode, status.stdout]).toEqual([0, expect.stringContaining("2 of 2 nodes healthy")]);
      expect(status.stdout).toMatch(
        /^atlas-1 \(ssh:\/\/root@10\.89\.120\.11:22\) +worker +10\.89\.120\.11 /m,
      );
      const show = ["--node", "atlas-1", "--", "sh", "-c", "echo $HCCL_IF_IP $RAY_ADDRESS; exit 4"];
      const variables = await owner(project, "run", show);
      expect([variables.exitCode, variables.stdout]).toEqual([4, "10.89.120.11 10.89.120.10:6379\n"]);
      const logs = await owner(project, "logs", ["--lines", "5000"]);
      expect(logs.stdout).toMatch(/^atlas-0 \| .* serving /m);
      expect(logs.stdout).toMatch(/^atlas-1 \| /m);
      await whileOwner(project, "forward", ["api", "--local-port", "18120"], async () => {
        const health = await eventually("the forwarded API answers", 30, () =>
          fetch("http://127.0.0.1:18120/health"),
        );
        expect(health.status).toBe(200);
      });
      const archive = join(project.folder, "help.tar.gz");
      expect((await owner(project, "doctor", ["--file", archive])).exitCode).toBe(0);
      const { stdout } = await run("tar", ["-xzOf", archive], { timeoutSeconds: 30 });
      const token = await atlas0.docker("exec", `${NAME}-atlas-0`, "cat", TOKEN);
      expect([stdout.includes(token), stdout.includes("16 of 16 ranks")]).toEqual([false, true]);
    }, 300_000);

    it("has another token after rotate-token, and the one before is worth nothing", async () => {
      const tokens = () =>
        Promise.all(
          [atlas0, atlas1].map((machine, index) =>
            machine.docker("exec", `${NAME}-atlas-${index}`, "cat", TOKEN),
          ),
        );
      const askRay = (file: string) =>
        atlas1.docker(
          ...["exec", "--env", `RAY_AUTH_TOKEN_PATH=${file}`, `${NAME}-atlas-1`],
          ...["timeout", "60", "ray", "status"],
        );
      const [before] = await tokens();
      const rotated = await owner(project, "rotate-token");
      note(`rotate-token: exit code ${rotated.exitCode} after ${rotated.seconds.toFixed(0)} s`);
      expect([rotated.exitCode, rotated.output]).toEqual([0, expect.stringContaining("is serving")]);
      const [after, ...others] = await tokens();
      expect(others).toEqual([after]);
      expect(after).not.toBe(before);
      expect(rotated.output).not.toContain(after);
      await atlas1.docker("exec", `${NAME}-atlas-1`, "sh", "-c", `echo ${before} >/tmp/before`);
      expect(await askRay(TOKEN)).toContain("NPU");
      await expect(askRay("/tmp/before")).rejects.toThrow(/[Aa]uthenticat/);
    }, 240_000);

    it("goes on serving where another image cannot be pulled", async () => {
      const ids = () =>
        Promise.all([atlas0, atlas1].map((machine) => machine.docker("ps", "--no-trunc", "--quiet")));
      const before = await ids();
      // The same state, so that what this deployment leaves in it is forgotten.
      const other = hostsProject(
        NAME,
        machines.inventory([atlas0, atlas1]),
        hostsDeclaration(NAME, "registry.invalid/ray:2.58.0"),
      );
      project.stateFiles().forEach((file) => {
        copyFileSync(file, join(other.folder, basename(file)));
      });
      const failed = await other.deploy(120);
      other.remove();
      note(`another image: exit code ${failed.exitCode} after ${failed.seconds.toFixed(0)} s`);
      expect(failed.exitCode).not.toBe(0);
      expect(unwrapped(failed)).toContain("registry.invalid");
      expect(unwrapped(failed)).not.toMatch(/docker_container\S+ \(\S+\): Destroying/);
      expect(await ids()).toEqual(before);
      expect((await fetch("http://10.89.120.10:8000/health")).status).toBe(200);
    }, 240_000);

    it("fails by name where a machine is gone that was there", async () => {
      await machines.docker.output("network", "disconnect", machines.prefix, atlas1.container);
      await machines.closeConnections();
      const failed = await project.deploy(120);
      await machines.docker.output(
        "network",
        "connect",
        "--ip",
        atlas1.address,
        machines.prefix,
        atlas1.container,
      );
      note(`without atlas-1: exit code ${failed.exitCode} after ${failed.seconds.toFixed(0)} s`);
      expect(unwrapped(failed)).toMatch(/ssh:\/\/root@10\.89\.120\.11:22 is reachable/);
      expect(failed.exitCode).not.toBe(0);
    }, 200_000);

    it("leaves the machines as they were", async () => {
      const destroyed = await project.destroy();
      expect(destroyed.exitCode).toBe(0);
      for (const machine of [atlas0, atlas1]) {
        expect(await machine.output("nft", "list", "tables")).not.toContain(FILTER);
      }
      expect([await atlas0.leftovers(), await atlas1.leftovers()]).toEqual([[], []]);
    }, 200_000);
  });
});

async function placesOn(machine: SimulatedMachine): Promise<Place[]> {
  const shell = (line: string) => machine.output("sh", "-c", line);
  const containers = (await machine.docker("ps", "--all", "--quiet")).split("\n");
  const all: Place[] = [
    { name: "inspect", text: await machine.docker("inspect", ...containers), control: "ray_node" },
    { name: "journal", text: await machine.output("journalctl", "--no-pager"), control: "sshd" },
    {
      name: "command lines and environments",
      text: await shell("cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'"),
      control: "PYTHONPATH=/opt/ray-cluster",
    },
    {
      name: "files of the engine and logs",
      text: await shell("grep -rha '' /var/lib/docker/containers /var/log /tmp 2>/dev/null | tr -d '\\0'"),
      control: NAME,
    },
  ];
  return all.map((place) => ({ ...place, name: `${place.name} of ${machine.name}` }));
}
