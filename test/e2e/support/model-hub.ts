import { type ChildProcessByStdio, spawn } from "node:child_process";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { createInterface } from "node:readline";
import type { Docker } from "./docker";
import { REPOSITORY } from "./project";

/** What the hub has sent and what it holds; see `test/e2e/python/model_hub.py`. */
export interface HubCount {
  /** Bytes of content, by file. */
  readonly sent: { readonly [file: string]: number | undefined };
  readonly requests: number;
  readonly files: { readonly [file: string]: { readonly size: number; readonly sha256: string } };
}

/** How the hub behaves from now on; everything that is left out is as usual. */
export interface HubBehaviour {
  /** Only `members` may read the model. */
  readonly gated?: boolean;
  /** Tokens that the hub knows. */
  readonly tokens?: readonly string[];
  readonly members?: readonly string[];
  readonly bytesPerSecond?: { readonly [file: string]: number };
}

/** A hub that speaks the Hugging Face API, on this machine, where containers of every network reach it. */
export class ModelHub {
  public static readonly repository = "maker/model-16m";
  public static readonly revision = "0123456789abcdef0123456789abcdef01234567";

  private process?: ChildProcessByStdio<Writable, Readable, null>;
  private control = "";
  /** Address that the model's source names. */
  public url = "";

  /** @param network Docker network whose containers reach it; a machine with an engine of its own has another `bridge` */
  public async start(docker: Docker, network = "bridge"): Promise<void> {
    const format = "{{with index .IPAM.Config 0}}{{or .Gateway .Subnet}}{{end}}";
    // Docker may name the subnet of its own bridge alone; the machine has the first address of it.
    const gateway = (await docker.output("network", "inspect", network, "--format", format)).replace(
      /0\/\d+$/,
      "1",
    );
    const program = join(REPOSITORY, "test", "e2e", "python", "model_hub.py");
    const args = ["--address", gateway, "--repository", ModelHub.repository, "--revision", ModelHub.revision];
    this.process = spawn("python3", [program, ...args], { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface({ input: this.process.stdout });
    const first = await new Promise<string>((resolve, reject) => {
      lines.once("line", resolve);
      this.process?.once("exit", (code) => {
        reject(new Error(`the hub ended with code ${code}`));
      });
    });
    const { url, control } = JSON.parse(first) as { url: string; control: string };
    this.url = url;
    this.control = control;
  }

  /** Begins to count again. */
  public async behave(behaviour: HubBehaviour = {}): Promise<void> {
    const usual = { gated: false, tokens: [], members: [], bytesPerSecond: {} };
    const body = JSON.stringify({ ...usual, ...behaviour });
    await fetch(this.control, { method: "POST", body });
  }

  public async count(): Promise<HubCount> {
    return (await (await fetch(this.control)).json()) as HubCount;
  }

  public stop(): void {
    this.process?.stdin.end();
  }
}

/** All bytes that were sent. */
export function sentBytes({ sent }: HubCount): number {
  return Object.values(sent).reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0);
}

/** Bytes of the model. */
export function modelBytes({ files }: HubCount): number {
  return Object.values(files).reduce((sum, { size }) => sum + size, 0);
}
