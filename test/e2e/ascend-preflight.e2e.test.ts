/**
 * The preflight of two Ascend servers: clock, rank table, link, gateway, address, packet loss, TLS switch, lost device,
 * health, share that is not mounted, model that is not whole, moved tag; node, device and check are named each time, the
 * machine is left as it was, and the cluster serves once it is repaired.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RankTableKind } from "../../lib";
import { emulationImageTag } from "../../lib/docker/images/emulation-image";
import { describeWith } from "../support/requirements";
import { note } from "./support/cluster";
import { type CommandResult, eventually } from "./support/command";
import { hostsDeclaration, hostsProject } from "./support/hosts-project";
import { type SimulatedMachine, SimulatedMachines, SYSTEMD } from "./support/machines";
import { type Project, unwrapped } from "./support/project";
import { COMPILER, DEPLOYMENT, SSH } from "./support/requirements";

const NAME = "e2e-ascend";
const GATE = `${NAME}-gate`;
const TABLE = "/etc/ray-cluster/rank-table.json";
const FAULT = "/opt/ascend/fault.sh";

/** As the container has it; the machines have it from a folder in memory, which stands for a file server. */
const MODEL = "/models/tiny";
const WEIGHTS = "model.safetensors";
const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${"4d".repeat(32)}\nsize 4976698672\n`;
/** What a restarted container compares its folders with. */
const MEMORY = "/var/tmp/ray-cluster-mounts.json";

/** Weights of one tensor and a configuration. */
function placeModel(folder: string): void {
  const header = JSON.stringify({ "x.weight": { dtype: "F16", shape: [32], data_offsets: [0, 64] } });
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  mkdirSync(folder);
  writeFileSync(join(folder, "config.json"), "{}");
  writeFileSync(join(folder, WEIGHTS), Buffer.concat([length, Buffer.from(header), Buffer.alloc(64)]));
}

/** The pattern does not match the line that it stands in. */
const END_ENGINE =
  'for each in /proc/[0-9]*; do grep -qs "[e]mulated_serve.py" "$each/cmdline" && kill "${each#/proc/}"; done; true';

interface State {
  readonly state: string;
  readonly reason: string;
  readonly culprit: { readonly name: string; readonly reason: string } | null;
  readonly environment: { readonly [scope: string]: { readonly [name: string]: string } };
  readonly history: readonly { readonly state: string; readonly reason: string | null }[];
}

describeWith([...DEPLOYMENT, SSH, COMPILER], "the network of the NPUs of two Ascend servers", () => {
  const machines = new SimulatedMachines("e2e-ascend-machines", "10.89.121");
  let atlas: SimulatedMachine[];
  let project: Project;
  let share: string;
  let withClockOff: { readonly deployed: CommandResult; readonly gate: string; readonly head: State };

  const inside = (node: number, ...command: readonly string[]) =>
    atlas[node].docker("exec", `${NAME}-atlas-${node}`, ...command);
  /** `status` of an unhealthy node has another exit code than 0. */
  const state = async (node: number): Promise<State> => {
    const command = "python3 -m ray_node status --json || true";
    return JSON.parse(await inside(node, "sh", "-c", command)) as State;
  };
  const fault = (node: number, ...words: readonly string[]) => atlas[node].output("sh", FAULT, "/", ...words);
  const becomes = (wanted: string, seconds = 90) =>
    eventually(`the head is ${wanted}`, seconds, async () => {
      const found = await state(0);
      if (found.state !== wanted) {
        throw new Error(`${found.state}: ${found.reason}`);
      }
      return found;
    });

  beforeAll(async () => {
    await machines.create();
    share = mkdtempSync("/dev/shm/e2e-share-");
    placeModel(join(share, "tiny"));
    const boot = { options: [...SYSTEMD.options, "--volume", `${share}:/mnt/models`], command: [] };
    atlas = [
      await machines.add("atlas-0", 10, "docker", boot),
      await machines.add("atlas-1", 11, "docker", boot),
    ];
    await Promise.all(atlas.map((machine, index) => machine.becomeAscend(index)));
    await machines.load(emulationImageTag(), atlas);
    const more = { rankTable: RankTableKind.SERVERS, modelPath: MODEL };
    project = hostsProject(
      NAME,
      machines.inventory(atlas),
      hostsDeclaration(NAME, emulationImageTag(), more),
    );
    const deploy = async () => {
      const deployed = await project.deploy(400);
      note(`cdktf deploy: exit code ${deployed.exitCode} after ${deployed.seconds.toFixed(0)} s`);
      return deployed;
    };
    await atlas[1].setClock(-600);
    const failed = await deploy();
    withClockOff = { deployed: failed, gate: await atlas[0].docker("logs", GATE), head: await state(0) };
    await atlas[1].setClock(0);
    await atlas[1].docker("restart", `${NAME}-atlas-1`);
    expect((await deploy()).output).toContain("Apply complete!");
  }, 900_000);

  afterAll(async () => {
    const destroyed = await project.destroy();
    expect(destroyed.exitCode).toBe(0);
    expect([await atlas[0].leftovers(), await atlas[1].leftovers()]).toEqual([[], []]);
    project.remove();
    await machines.end();
    rmSync(share, { recursive: true });
  }, 500_000);

  it("was not deployed to while the clock of one machine was off by ten minutes", () => {
    const { deployed, gate, head } = withClockOff;
    const warned = /atlas-1 \(\S+\): warning: clock: (599|60\d) s behind the machine that runs this check/;
    expect(unwrapped(deployed)).toMatch(warned);
    expect(deployed.output).toMatch(
      /cluster '\S+' is not serving: workload \S+ has failed: atlas-1 \(10\.89\.121\.11\): its clock is/,
    );
    expect(deployed.exitCode).not.toBe(0);
    const off = /its clock is (599|60\d) s behind the head's; set both by NTP/;
    expect(gate).toMatch(new RegExp(`culprit: atlas-1 \\(10\\.89\\.121\\.11\\)\n.*reason: .*${off.source}`));
    expect([head.state, head.culprit?.name, head.culprit?.reason]).toEqual([
      ...["failed", "atlas-1", expect.stringMatching(off)],
    ]);
    // The cluster had formed, and no engine was started.
    const states = head.history.map((entry) => entry.state);
    expect([states.includes("formed"), states.includes("loading")]).toEqual([true, false]);
  });

  it("puts the same rank table on both nodes, with the address of every device", async () => {
    const text = await inside(0, "cat", TABLE);
    expect(await inside(1, "cat", TABLE)).toBe(text);
    const servers = [0, 1].map((server) => ({
      server_id: atlas[server].address,
      device: Array.from({ length: 8 }, (_, id) => ({
        device_id: `${id}`,
        device_ip: `192.168.${100 + server}.${101 + id}`,
        device_port: "16666",
        rank_id: `${8 * server + id}`,
      })),
    }));
    expect(JSON.parse(text)).toEqual({
      status: "completed",
      version: "1.0",
      server_count: "2",
      server_list: servers,
    });
    for (const node of [0, 1]) {
      const { environment } = await state(node);
      expect(environment.cluster.ASCEND_RANK_TABLE_FILE_PATH).toBe(TABLE);
      expect(environment.node.HCCL_IF_IP).toBe(atlas[node].address);
      expect(environment.node.ASCEND_RT_VISIBLE_DEVICES).toBe("0,1,2,3,4,5,6,7");
    }
  });

  it("was checked before the engine started", async () => {
    const { history } = await state(0);
    const checked = history.findIndex(({ reason }) => reason === "checking the machines");
    expect(checked).toBeGreaterThan(0);
    expect(history.findIndex((entry) => entry.state === "loading")).toBeGreaterThan(checked);
    const report = await inside(0, "python3", "-m", "ray_node", "preflight", "--cluster");
    expect(report).toMatch(
      /^atlas-1 +shared storage, image, .*device, neighbour, link, health.* ping, rank table$/m,
    );
  });

  it.each([
    ["a link that is down", 1, ["link", "3", "DOWN"], "atlas-1", "NPU 3: link: link status: DOWN"],
    [
      "a plane without a gateway",
      1,
      ["gateway", "2", "none"],
      "atlas-1",
      "to go on with a warning, name 'gateway' in toleratedChecks",
    ],
    [
      "a device in critical health",
      0,
      ["condition", "6", "Critical"],
      "atlas-0",
      "NPU 6: npu health: npu-smi calls its health Critical",
    ],
    ["a device without an address", 1, ["ip", "5", "none"], "atlas-1", "NPU 5: ip: no ip was preset"],
    [
      "packet loss to one peer",
      0,
      ["loss", "*", "192.168.101.102"],
      "atlas-0",
      "NPU 1: ping: 100.00% packet loss to 192.168.101.102 (NPU 1 of atlas-1)",
    ],
    [
      "a TLS switch that differs",
      1,
      ["tls", "0", "1"],
      "atlas-1",
      "NPU 0: tls equality: the TLS switch is 1, 15 of 16 devices have 0",
    ],
    [
      "a device that the driver has lost",
      0,
      ["missing", "7"],
      "atlas-0",
      "NPU 7: device: hccn_tool answers nothing else",
    ],
  ] as const)(
    "starts no engine over %s",
    async (what, node, words, culprit, reason) => {
      await fault(node, "add", ...words);
      // The engine's end is what makes the head start it again.
      await inside(0, "sh", "-c", END_ENGINE);
      const failed = await becomes("failed");
      note(`${what}: ${failed.reason}`);
      expect(failed.culprit?.name).toBe(culprit);
      expect(failed.culprit?.reason).toContain(reason);
      await fault(node, "clear");
      // The gate asks for another attempt, and waits for it.
      await inside(0, "python3", "-m", "ray_node", "wait");
      expect((await state(0)).state).toBe("serving");
    },
    200_000,
  );

  describe("where the share is not mounted on one of them", () => {
    const empty = "/srv/not-mounted";
    const unmount = async () => {
      await atlas[1].output("umount", "/mnt/models");
      await atlas[1].docker("restart", `${NAME}-atlas-1`);
      await inside(0, "python3", "-m", "ray_node", "wait");
      expect((await state(0)).state).toBe("serving");
    };

    beforeEach(async () => {
      await atlas[1].output("mkdir", "-p", empty);
      // What lies under the mount.
      await atlas[1].output("mount", "--bind", empty, "/mnt/models");
    });

    it("a container that Docker starts again starts nothing, and writes nothing there", async () => {
      await atlas[1].docker("restart", `${NAME}-atlas-1`);
      const failed = await eventually("atlas-1 says why", 180, async () => {
        const found = await state(1);
        if (found.state !== "failed") {
          throw new Error(`${found.state}: ${found.reason}`);
        }
        return found;
      });
      note(`a share that is gone: ${failed.reason}`);
      expect(failed.reason).toMatch(/^\/models is \S+ of \S+ now, it was tmpfs of \S+: it is not mounted/);
      expect(await atlas[1].output("ls", "-A", empty)).toBe("");
      await unmount();
    }, 500_000);

    it("a container that was created like this is the culprit before anything is fetched", async () => {
      await inside(1, "rm", MEMORY);
      await atlas[1].docker("restart", `${NAME}-atlas-1`);
      const failed = await becomes("failed", 180);
      note(`another folder: ${failed.reason}`);
      expect(failed.culprit?.name).toBe("atlas-1");
      expect(failed.culprit?.reason).toContain(`shared storage: ${MODEL} is not the head's: it is overlay`);
      expect(await atlas[1].output("ls", "-A", empty)).toBe("");
      expect(readdirSync(share)).toEqual(["tiny"]);
      await unmount();
    }, 500_000);
  });

  it("starts no engine over weights that are a Git LFS pointer, and leaves the file alone", async () => {
    const weights = join(share, "tiny", WEIGHTS);
    const whole = readFileSync(weights);
    writeFileSync(weights, POINTER);
    await atlas[1].docker("restart", `${NAME}-atlas-1`);
    const failed = await becomes("failed", 180);
    note(`a pointer: ${failed.reason}`);
    expect(failed.culprit?.reason).toContain(`${WEIGHTS} is a Git LFS pointer of ${POINTER.length} bytes`);
    expect(readFileSync(weights, "utf8")).toBe(POINTER);
    writeFileSync(weights, whole);
    await inside(0, "python3", "-m", "ray_node", "wait");
    expect((await state(0)).state).toBe("serving");
  }, 500_000);

  it("starts no engine where a tag moved between two pulls, whatever was deployed", async () => {
    const image = (node: number) =>
      atlas[node].docker("image", "inspect", "--format", "{{.Id}}", emulationImageTag());
    const planned = await image(1);
    const container = await atlas[0].docker("create", planned);
    await atlas[0].docker("commit", "--message", "another", container, emulationImageTag());
    await atlas[0].docker("rm", container);
    const moved = await image(0);

    // A deployment looks before it changes anything.
    const refused = await project.deploy(120);
    expect(unwrapped(refused)).toMatch(/Image '\S+' of atlas-1 \(\S+\) differs from atlas-0's/);
    expect(refused.exitCode).not.toBe(0);
    expect((await state(0)).state).toBe("serving");

    // Who insists, and deploys one node alone, is told by the nodes.
    const target = `-target=${project.address("docker_container", "atlas-0-node")}`;
    const forced = await project.terraform("apply", "-auto-approve", "-input=false", target);
    expect(forced.exitCode).toBe(0);
    const { culprit, reason } = await becomes("failed");
    note(`a tag that moved: ${reason}`);
    expect(culprit?.name).toBe("atlas-1");
    expect(culprit?.reason).toContain(
      `image: runs ${planned.slice(0, 19)}, 1 of 2 nodes run ${moved.slice(0, 19)}; pull the image by its digest`,
    );

    await atlas[0].docker("tag", planned, emulationImageTag());
    expect((await project.deploy(400)).output).toContain("Apply complete!");
    expect((await state(0)).state).toBe("serving");
  }, 500_000);
});
