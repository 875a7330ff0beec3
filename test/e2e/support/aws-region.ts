import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { cacheFolder, inputsKey } from "../../../lib/cli/base/cache-folder";
import { emulationImageTag } from "../../../lib/docker/images/emulation-image";
import type { Requirement } from "../../support/requirements";
import type { NodeState } from "./cluster";
import { eventually } from "./command";
import { Docker } from "./docker";
import { machineImage } from "./machine-image";
import { REPOSITORY } from "./project";

const FOLDER = join(REPOSITORY, "test", "e2e", "aws");
const REQUIREMENTS = join(FOLDER, "requirements.txt");
const PYTHON_FOLDER = join(cacheFolder(), "moto", inputsKey(readFileSync(REQUIREMENTS, "utf8")));
/** Python with moto. */
export const MOTO_PYTHON = join(PYTHON_FOLDER, "bin", "python");

/** moto, pinned, in a virtual environment that stays in the cache. */
export const MOTO: Requirement = {
  what: "moto, the emulator of AWS (test/e2e/aws/requirements.txt, by pip)",
  isMet: () => {
    if (existsSync(join(PYTHON_FOLDER, "ready"))) {
      return true;
    }
    const options = { stdio: "ignore", timeout: 600_000 } as const;
    try {
      execFileSync("python3", ["-m", "venv", "--clear", PYTHON_FOLDER], options);
      const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS];
      execFileSync(MOTO_PYTHON, pip, options);
      writeFileSync(join(PYTHON_FOLDER, "ready"), "");
      return true;
    } catch {
      return false;
    }
  },
};

/** An instance, and the container that it is. */
export interface AwsMachine {
  readonly id: string;
  readonly address: string;
  readonly container: string;
  readonly state: string;
  /** Of a worker. */
  readonly group: string | null;
  /** Why it could not be made. */
  readonly trouble: string | null;
}

/** An emulated region with machines that boot: `test/e2e/aws/region.py`. */
export class AwsRegion {
  public readonly docker = new Docker();
  public readonly endpoint: string;
  /** What the emulator itself has printed. */
  public log = "";
  private process?: ChildProcess;

  /** @param subnet first three numbers of a network of the test's own */
  public constructor(
    public readonly name: string,
    public readonly subnet: string,
    private readonly port: number,
  ) {
    this.endpoint = `http://127.0.0.1:${port}`;
  }

  public async start(): Promise<void> {
    const place = ["--port", String(this.port), "--name", this.name, "--subnet", this.subnet];
    const images = ["--machine-image", await machineImage("cloud"), "--node-image", emulationImageTag()];
    this.process = spawn(MOTO_PYTHON, [join(FOLDER, "region.py"), ...place, ...images], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
    });
    const keep = (data: Buffer): void => {
      this.log += data.toString();
    };
    this.process.stdout?.on("data", keep);
    this.process.stderr?.on("data", keep);
    await eventually("the emulated region answers", 120, async () => {
      if (this.process?.exitCode !== null) {
        throw new Error(this.log);
      }
      return /^ready$/m.test(this.log) ? true : undefined;
    });
  }

  /** All machines that there have been. */
  public async allMachines(): Promise<readonly AwsMachine[]> {
    const response = await fetch(`${this.endpoint}/emulator/machines`);
    return (await response.json()) as AwsMachine[];
  }

  /** All machines that run, the head first. */
  public async machines(): Promise<readonly AwsMachine[]> {
    const all = await this.allMachines();
    const trouble = all.find((machine) => machine.trouble !== null);
    if (trouble !== undefined) {
      throw new Error(`${trouble.id}: ${trouble.trouble}`);
    }
    const running = all.filter(({ state }) => state === "running");
    return [
      ...running.filter(({ group }) => group === null),
      ...running.filter(({ group }) => group !== null),
    ];
  }

  /** The next worker boots with a GPU that its driver has lost. */
  public async loseGpuOfNextWorker(): Promise<void> {
    await fetch(`${this.endpoint}/emulator/lose-gpu`, { method: "POST" });
  }

  /** Makes the account scarce: the names of `test/e2e/aws/limits.py`, each with its value. */
  public async limit(limits: { readonly [name: string]: unknown }): Promise<void> {
    const body = JSON.stringify(limits);
    const { ok } = await fetch(`${this.endpoint}/emulator/limits`, { method: "POST", body });
    if (!ok) {
      throw new Error(`the emulator does not take ${body}`);
    }
  }

  /** A call of EC2's own API; the answer as it comes, XML. */
  public async ec2(action: string, parameters: { readonly [name: string]: string }): Promise<string> {
    const response = await fetch(this.endpoint, {
      method: "POST",
      headers: {
        Authorization: authorization("ec2"),
        "Content-Type": "application/x-www-form-urlencoded",
      },
      body: new URLSearchParams({ Action: action, Version: "2016-11-15", ...parameters }),
    });
    const text = await response.text();
    if (response.status !== 200) {
      throw new Error(`${action}: ${response.status} ${text}`);
    }
    return text;
  }

  /** A secret that a user has. @returns its ARN */
  public async createSecret(name: string, value: string): Promise<string> {
    const asked = { Name: name, SecretString: value, ClientRequestToken: randomUUID() };
    const { ARN } = await this.json("secretsmanager", "secretsmanager.CreateSecret", asked);
    return ARN;
  }

  /** What a machine has written to CloudWatch Logs, also one that is gone. */
  public async logsOf(machine: AwsMachine): Promise<string> {
    const call = (action: string, asked: object) => this.json("logs", `Logs_20140328.${action}`, asked);
    const { logGroups } = await call("DescribeLogGroups", { logGroupNamePrefix: "/ray-cluster/" });
    const group = { logGroupName: logGroups[0].logGroupName };
    const { logStreams } = await call("DescribeLogStreams", group);
    const names: string[] = logStreams.map((stream: any) => stream.logStreamName);
    const logStreamName = names.find((name) => name.endsWith(`/${machine.id}`));
    const lines: string[] = [];
    let token: string | undefined;
    for (;;) {
      const asked = { ...group, logStreamName, startFromHead: true, nextToken: token };
      const { events, nextForwardToken } = await call("GetLogEvents", asked);
      lines.push(...events.map(({ message }: any) => message));
      if (events.length === 0 || nextForwardToken === token) {
        return lines.join("\n");
      }
      token = nextForwardToken;
    }
  }

  private async json(service: string, target: string, asked: object): Promise<any> {
    const response = await fetch(this.endpoint, {
      method: "POST",
      headers: {
        Authorization: authorization(service),
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": target,
      },
      body: JSON.stringify(asked),
    });
    const answer = await response.json();
    if (!response.ok) {
      throw new Error(`${target}: ${response.status} ${JSON.stringify(answer)}`);
    }
    return answer;
  }

  /** What a machine has booted, as EC2 gives it back. */
  public async userData(machine: AwsMachine): Promise<{ readonly bytes: number; readonly text: string }> {
    const parameters = { InstanceId: machine.id, Attribute: "userData" };
    const answer = await this.ec2("DescribeInstanceAttribute", parameters);
    const packed = Buffer.from(/<value>([^<]*)<\/value>/.exec(answer)?.[1] ?? "", "base64");
    return { bytes: packed.length, text: gunzipSync(packed).toString("utf8") };
  }

  /** A line for the shell of a machine. */
  public shell(machine: AwsMachine, line: string): Promise<string> {
    return this.docker.output("exec", machine.container, "bash", "-c", line);
  }

  /** What the node program says on a machine; throws where there is none. */
  public async stateOf(machine: AwsMachine): Promise<NodeState> {
    const text = await this.shell(
      machine,
      "docker exec ray-cluster python3 -m ray_node status --json || true",
    );
    try {
      return JSON.parse(text) as NodeState;
    } catch {
      throw new Error(`${machine.id}: ${text}`);
    }
  }

  /** Waits until the head serves since later than `after`. */
  public async servesAgain(after: Date, timeoutSeconds: number): Promise<NodeState> {
    return eventually("the cluster serves again", timeoutSeconds, async () => {
      const [head] = await this.machines();
      const state = await this.stateOf(head);
      if (state.state === "serving" && new Date(state.since) > after) {
        return state;
      }
      throw new Error(`${state.state}: ${state.reason ?? ""}`);
    });
  }

  /** Ends it with all of its machines. */
  public async end(): Promise<void> {
    const { process } = this;
    if (process !== undefined && process.exitCode === null) {
      process.kill("SIGTERM");
      await eventually("the emulated region has ended", 120, async () =>
        process.exitCode === null ? undefined : true,
      );
    }
    await this.docker.sweep(this.name);
  }
}

/** The emulator looks only at the service in it. */
function authorization(service: string): string {
  const credential = `emulated/20261101/us-east-1/${service}/aws4_request`;
  return `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=0`;
}
