/**
 * An emulated EC2 region whose machines boot their user data with cloud-init: serving when the deploy returns; a quota that
 * is too low is refused before anything is made, launches without a machine are tried again; a lost GPU fails it by name,
 * and its machines end themselves; reboots and a replaced worker recover; no secret anywhere; destroy leaves nothing.
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { emulationImageTag, emulationRayVersion } from "../../lib/docker/images/emulation-image";
import { AWS_PROVIDER, awsProviderEnvironment } from "../support/aws-provider";
import { describeWith, DOCKER, TERRAFORM } from "../support/requirements";
import type { AwsAppProps } from "./stacks/aws-app";
import { forgetLustre, placesOf, stateFile } from "./support/aws-places";
import { type AwsMachine, AwsRegion, MOTO } from "./support/aws-region";
import { ask, servedModels } from "./support/client";
import { note } from "./support/cluster";
import { type CommandResult, eventually } from "./support/command";
import { mayRaiseLimits } from "./support/machines";
import { MODEL_FOLDER } from "./support/model-cluster";
import { ModelHub } from "./support/model-hub";
import { Project, REPOSITORY, unwrapped } from "./support/project";
import { emulationImage, FUSE, SSH } from "./support/requirements";
import { holders } from "./support/secret-search";

const NAME = "e2e-aws";
const NODES = 3;
const RANKS = NODES * 8;
/** Of a p5.48xlarge, and the code of the quota on them. */
const VCPUS = 192;
const P_QUOTA = "L-417A185B";
const SUBNET = "10.89.141";
const HEAD = `${SUBNET}.10`;
const API = `http://${HEAD}:8000`;
/** EC2 takes 16 KiB; what the library itself allows. */
const USER_DATA_BUDGET_BYTES = 12_288;
/** What opens the model's hub: Terraform is told where it lies, and never gets it. */
const MODEL_TOKEN = `hf_${randomBytes(16).toString("hex")}`;
const REQUIREMENTS = [DOCKER, TERRAFORM, AWS_PROVIDER, MOTO, SSH, FUSE, emulationImage()];

describeWith(REQUIREMENTS, "machines of EC2 that cloud-init makes nodes of", () => {
  const region = new AwsRegion(NAME, SUBNET, 5130);
  const hub = new ModelHub();
  /** Of the app: another declaration is another value. */
  const environment: NodeJS.ProcessEnv = {};
  let project: Project;
  let deployed: CommandResult;

  beforeAll(async () => {
    if (!mayRaiseLimits()) {
      note("the containers get no ulimits: nobody here may raise any (no CAP_SYS_RESOURCE)");
    }
    await region.start();
    await hub.start(region.docker, NAME);
    await hub.behave({ gated: true, tokens: [MODEL_TOKEN], members: [MODEL_TOKEN] });
    environment.E2E_AWS = JSON.stringify(appProps(region.endpoint, hub, "emulated"));
    project = awsProject(environment, await region.createSecret("model-token", MODEL_TOKEN));
  }, 700_000);

  afterAll(async () => {
    hub.stop();
    await region.end();
    project.remove();
  }, 400_000);

  it("are not planned where the account may not run so many, and nothing is made", async () => {
    await region.limit({ vcpus: { [P_QUOTA]: 2 * VCPUS } });
    const refused = await project.deploy(400);
    expect(unwrapped(refused)).toContain(`(${P_QUOTA}) is below ${NODES * VCPUS} vCPUs`);
    expect(refused.exitCode).not.toBe(0);
    expect(await region.machines()).toEqual([]);
    expect(await region.ec2("DescribeSubnets", {})).not.toContain(SUBNET);
  }, 500_000);

  it("make a deployment fail by name and reason where a worker has lost a GPU", async () => {
    // As a first deployment finds it: two launches without a machine, a role that EC2 does not know yet, too many calls.
    await region.limit({ vcpus: { [P_QUOTA]: NODES * VCPUS }, empty_group_launches: 2 });
    await region.limit({ profile_seconds: 5, throttled: 2, address_seconds: 30 });
    await region.loseGpuOfNextWorker();
    const failed = await project.deploy(500);
    note(`with a lost GPU: exit code ${failed.exitCode} after ${failed.seconds.toFixed(0)} s`);
    const text = unwrapped(failed);
    expect(text).toContain("WaitCondition received failed message");
    expect(text).toMatch(/gpu-10\.89\.141\.\d+/);
    expect(text).toContain("7 of 8 GPUs");
    expect(failed.exitCode).not.toBe(0);
  }, 600_000);

  it("end themselves where a deployment has failed that never served, and their logs stay", async () => {
    await eventually("the head has ended the workers' group and itself", 60, async () =>
      (await region.machines()).length === 0 ? true : undefined,
    );
    const ended = (await region.allMachines()).filter(({ state }) => state === "terminated");
    expect(ended).toHaveLength(NODES);
    for (const machine of ended) {
      expect(await region.logsOf(machine)).toContain("found 8 accelerators");
    }
  }, 120_000);

  describe("fixed", () => {
    beforeAll(async () => {
      deployed = await project.deploy(500);
      note(`cdktf deploy: exit code ${deployed.exitCode} after ${deployed.seconds.toFixed(0)} s`);
    }, 600_000);

    it("serve from all ranks when the next deployment returns", async () => {
      expect(deployed.output).toContain("Apply complete! Resources: 2 added, 1 changed, 1 destroyed.");
      expect(deployed.output).toContain(API);
      const machines = await region.machines();
      expect(machines).toHaveLength(NODES);
      expect(machines[0].address).toBe(HEAD);
      const answer = await ask(API);
      expect(answer).toContain(`${RANKS} of ${RANKS} ranks`);
      expect(machines.filter(({ address }) => !answer.includes(`(${address})`))).toEqual([]);
    }, 300_000);

    it("have booted what EC2 gives back as their user data", async () => {
      for (const machine of await region.machines()) {
        const { bytes, text } = await region.userData(machine);
        expect(bytes).toBeLessThan(USER_DATA_BUDGET_BYTES);
        expect(text.startsWith("#cloud-config\n")).toBe(true);
        const booted = await region.shell(
          machine,
          "cloud-init status && zcat -f /var/lib/cloud/instance/user-data.txt | sha256sum",
        );
        expect(booted).toContain("status: done");
      }
    }, 300_000);

    it("run one container each, without privileges, with all devices of the machine", async () => {
      for (const machine of await region.machines()) {
        const inspected = await region.shell(machine, "docker inspect ray-cluster");
        const [{ HostConfig }] = JSON.parse(inspected);
        expect(HostConfig).toMatchObject({ Privileged: false, NetworkMode: "host", Runtime: "nvidia" });
        expect(HostConfig).toMatchObject({
          CapDrop: ["CAP_AUDIT_WRITE", "CAP_MKNOD", "CAP_NET_RAW"],
          SecurityOpt: ["no-new-privileges"],
          PidsLimit: 32_768,
          LogConfig: { Type: "local", Config: { mode: "non-blocking" } },
        });
        const inside = "docker exec ray-cluster bash -c";
        // 8 GPUs, and an EFA device for each of the 32 network cards.
        const count =
          "ls /dev/nvidia[0-9]* | wc -l; ls /dev/infiniband/uverbs* | wc -l; nvidia-smi -L | wc -l";
        expect(await region.shell(machine, `${inside} '${count}'`)).toBe("8\n32\n8");
      }
    }, 300_000);

    it("write the logs of boot, container and engine to a stream of their own", async () => {
      for (const machine of await region.machines()) {
        await hasShippedEachBoot(region, machine, 1);
        const logs = await region.logsOf(machine);
        expect(logs).toContain("the node program is unpacked");
        expect(logs).toContain("ray-cluster: image: ");
      }
      const [head] = await region.machines();
      const printed = "docker logs ray-cluster 2>&1 | grep -v '^$' | head -n 20 | tail -n 1";
      expect(await region.logsOf(head)).toContain((await region.shell(head, printed)).trim());
    }, 300_000);

    it("see one file system, with the model that the head has fetched once with its token", async () => {
      const { files, sent } = await hub.count();
      const sums = Object.entries(files).map(([path, { sha256 }]) => `${sha256}  ./${path}`);
      const list = "find . -type f -not -path './.staging/*' -exec sha256sum {} + | sort -k 2";
      for (const machine of await region.machines()) {
        const found = await region.shell(
          machine,
          `docker exec -w ${MODEL_FOLDER} ray-cluster sh -c "${list}"`,
        );
        expect(found.split("\n")).toEqual(sums.sort((a, b) => a.slice(64).localeCompare(b.slice(64))));
      }
      expect(sent).toEqual(Object.fromEntries(Object.entries(files).map(([path, { size }]) => [path, size])));
    }, 300_000);

    it("may do what their boot asks for, and nothing else", async () => {
      // A busy machine has no credentials within the one second that the command line waits for them.
      const patient = "AWS_METADATA_SERVICE_TIMEOUT=10 AWS_METADATA_SERVICE_NUM_ATTEMPTS=5";
      const [head, worker] = await region.machines();
      const secret = /aws-secret\.sh us-east-1 (\S+)/.exec((await region.userData(worker)).text)?.[1];
      const put = `${patient} aws secretsmanager put-secret-value --region us-east-1 --secret-id ${secret} --secret-string x`;
      await expect(region.shell(worker, put)).rejects.toThrow("is not authorized to perform");
      const list = `${patient} aws ec2 describe-instances --region us-east-1`;
      await expect(region.shell(worker, list)).rejects.toThrow("is not authorized to perform");
      // The head ends the machines of its own cluster, and none besides.
      const end = `${patient} aws ec2 terminate-instances --instance-ids i-0123456789abcdef0 --region us-east-1`;
      await expect(region.shell(head, end)).rejects.toThrow("is not authorized to perform");
      // Nothing that a boot or an end needs was refused before.
      const refused = region.log.split("\n").filter((line) => line.includes("refused"));
      expect(refused).toHaveLength(3);
    }, 300_000);

    it("plan no change in a further deploy", async () => {
      const again = await project.deploy();
      note(`a deploy without a change: ${again.seconds.toFixed(0)} s`);
      expect(again.output).toContain("No changes. Your infrastructure matches the configuration.");
      expect(again.exitCode).toBe(0);
    }, 600_000);

    it("keep both tokens and the answer's address out of state, plan, user data, logs, environments and command lines", async () => {
      const machines = await region.machines();
      const token = await region.shell(machines[0], "cat /run/ray-cluster/secrets/ray-token");
      expect(token).toMatch(/^[0-9a-f]{64}$/);
      for (const worker of machines.slice(1)) {
        expect(await region.shell(worker, "cat /run/ray-cluster/secrets/ray-token")).toBe(token);
      }
      expect(await region.shell(machines[0], "stat -c '%a %U' /run/ray-cluster/secrets/ray-token")).toBe(
        "600 root",
      );
      // The head's machine has fetched the model's token at boot, and its node program has taken it away.
      const fetched =
        "journalctl -o cat -u ray-cluster.service | grep -om1 \"fetched secret 'model'\" || true";
      const left = "ls /run/ray-cluster/secrets; find /run/ray-cluster -path '*/model-secrets/*'";
      const secrets = await Promise.all(
        machines.map((machine) => region.shell(machine, `${left}; ${fetched}`)),
      );
      expect(secrets).toEqual([
        "ray-token\nfetched secret 'model'",
        ...machines.slice(1).map(() => "ray-token"),
      ]);
      const address = await region.shell(machines[0], "cut -d ' ' -f 1 /run/ray-cluster/announce/address");
      expect(address).toContain("/signals/");
      const places = await placesOf(region, project, machines, deployed);
      expect(places.filter(({ text, control }) => !text.includes(control)).map(({ name }) => name)).toEqual(
        [],
      );
      expect(holders(places, token)).toEqual([]);
      expect(holders(places, MODEL_TOKEN)).toEqual([]);
      expect(holders(places, address.trim())).toEqual([]);
    }, 480_000);

    it("serve another workload on the same machines and in the same Ray, and the plan says so before", async () => {
      const before = await region.machines();
      const [head] = before;
      const started = () => Promise.all(before.map((machine) => nodeStarted(region, machine)));
      const [was, nodesBefore, session] = [
        await region.stateOf(head),
        await started(),
        await raySession(region),
      ];
      environment.E2E_AWS = JSON.stringify(appProps(region.endpoint, hub, "renamed"));
      const at = new Date();
      const changed = await project.deploy(500);
      note(`a deploy of another workload: ${changed.seconds.toFixed(0)} s`);
      // The object and the wait are new; the record of the declaration's words is updated.
      expect(changed.output).toContain("Apply complete! Resources: 2 added, 1 changed, 2 destroyed.");
      expect(changed.exitCode).toBe(0);
      const now = await region.stateOf(head);
      expect(now).toMatchObject({ state: "serving", workload: expect.stringMatching(/^[0-9a-f]{12}$/) });
      expect(now.workload).not.toBe(was.workload);
      expect(new Date(now.since).getTime()).toBeGreaterThan(at.getTime());
      expect(await servedModels(API)).toEqual(["renamed"]);
      expect(await ask(API)).toContain(`${RANKS} of ${RANKS} ranks`);
      expect(await region.machines()).toEqual(before);
      expect(await started()).toEqual(nodesBefore);
      expect(await raySession(region)).toBe(session);
      const asked = await region.shell(head, "cut -d ' ' -f 2 /run/ray-cluster/announce/address");
      expect(asked).toBe(now.workload);
    }, 600_000);

    it("serve again after a worker's reboot", async () => {
      const machine = (await region.machines())[1];
      await reboots(region, machine);
      await hasShippedEachBoot(region, machine, 2);
    }, 800_000);

    it("serve again after the head's reboot", async () => {
      const [machine] = await region.machines();
      await reboots(region, machine);
    }, 800_000);

    it("are replaced by their group, and the new one serves in its place", async () => {
      const before = await region.machines();
      const gone = before[before.length - 1];
      const at = new Date();
      await region.ec2("TerminateInstances", { "InstanceId.1": gone.id });
      const fresh = await eventually("the group has a new machine", 60, async () => {
        const known = new Set(before.map(({ id }) => id));
        return (await region.machines()).find(({ id }) => !known.has(id));
      });
      await region.servesAgain(at, 300);
      const answer = await ask(API);
      note(`a machine replaced: serving ${seconds(at)} s later`);
      expect(answer).toContain(`${RANKS} of ${RANKS} ranks`);
      expect(answer).toContain(`(${fresh.address})`);
      expect(await region.docker.containers(gone.container)).toEqual([]);
      expect(await region.logsOf(gone)).toContain("found 8 accelerators");
    }, 800_000);

    it("are gone after a destroy, with all that was made", async () => {
      await forgetLustre(project);
      const destroyed = await project.destroy(600);
      note(`cdktf destroy: ${destroyed.seconds.toFixed(0)} s`);
      expect(destroyed.exitCode === 0 ? "" : `${unwrapped(destroyed)}\n${region.log.slice(-4000)}`).toBe("");
      expect(await region.machines()).toEqual([]);
      await eventually("no container is left", 60, async () =>
        (await region.docker.containers(NAME)).length === 0 ? true : undefined,
      );
      expect(JSON.parse(readFileSync(stateFile(project), "utf8")).resources).toEqual([]);
    }, 1000_000);
  });
});

function appProps(endpoint: string, hub: ModelHub, servedModel: string): AwsAppProps {
  return {
    name: NAME,
    endpoint,
    subnet: SUBNET,
    nodes: NODES,
    image: emulationImageTag(),
    rayVersion: emulationRayVersion(),
    model: { endpoint: hub.url, repository: ModelHub.repository, revision: ModelHub.revision },
    servedModel,
  };
}

function awsProject(environment: NodeJS.ProcessEnv, modelTokenSecretArn: string): Project {
  const register = join(REPOSITORY, "test", "tools", "register.cjs");
  const app = join(REPOSITORY, "test", "e2e", "stacks", "aws-app.ts");
  // What only a user knows comes as a user gives it.
  const zone = { region: "us-east-1", availabilityZone: "us-east-1a" };
  const inputs = { ...zone, modelTokenSecretArn, maxUsdPerHour: 250 };
  environment.TF_CLI_CONFIG_FILE = awsProviderEnvironment().TF_CLI_CONFIG_FILE;
  return new Project(`node -r ${register} ${app}`, NAME, environment, { aws: { [NAME]: inputs } });
}

/** The container of a node, as long as it is the same one. */
function nodeStarted(region: AwsRegion, machine: AwsMachine): Promise<string> {
  return region.shell(machine, "docker inspect --format '{{.Id}} {{.State.StartedAt}}' ray-cluster");
}

/** Ray's own name of the time since it was formed. */
async function raySession(region: AwsRegion): Promise<string> {
  const [head] = await region.machines();
  return region.shell(head, "docker exec ray-cluster readlink /tmp/ray/session_latest");
}

/** A machine is rebooted by EC2, and the cluster serves afterwards as before. */
async function reboots(region: AwsRegion, machine: AwsMachine): Promise<void> {
  const started = () =>
    region.docker.output("inspect", "--format", "{{.State.StartedAt}}", machine.container);
  const before = await started();
  const at = new Date();
  await region.ec2("RebootInstances", { "InstanceId.1": machine.id });
  await eventually("the machine has rebooted", 120, async () => (await started()) !== before || undefined);
  await region.servesAgain(at, 240);
  note(`${machine.address} rebooted: serving ${seconds(at)} s later`);
  expect(await ask(API)).toContain(`${RANKS} of ${RANKS} ranks`);
}

/** Each line of its journal is in CloudWatch once, from its first boot on. */
async function hasShippedEachBoot(region: AwsRegion, machine: AwsMachine, boots: number): Promise<void> {
  const line = "found 8 accelerators";
  const counted = `journalctl --no-pager -o cat -u ray-cluster.service | grep -c '${line}'`;
  const written = Number(await region.shell(machine, counted));
  expect(written).toBeGreaterThanOrEqual(boots);
  await eventually(`${written} lines are in CloudWatch, each once`, 120, async () => {
    const found = (await region.logsOf(machine)).split(line).length - 1;
    if (found !== written) {
      throw new Error(`${found} are there`);
    }
    return true;
  });
}

function seconds(since: Date): string {
  return ((Date.now() - since.getTime()) / 1000).toFixed(0);
}
