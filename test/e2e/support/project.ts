import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { terraformBinary, terraformEnvironment } from "../../support/terraform";
import { type CommandResult, run } from "./command";

export const REPOSITORY = resolve(__dirname, "../../..");

/**
 * A user's project folder with one stack, driven by the real `cdktf`. State and output lie in the
 * folder, so that tests never touch what somebody has deployed from the repository.
 */
export class Project {
  public readonly folder = mkdtempSync(join(tmpdir(), "ray-cluster-e2e-"));

  /** @param app the command that synthesizes, as in `cdktf.json` */
  public constructor(
    app: string,
    public readonly stack: string,
    private readonly environment: NodeJS.ProcessEnv = {},
    context: object = {},
  ) {
    const cdktf = { language: "typescript", app, projectId: "e2e", sendCrashReports: "false", context };
    writeFileSync(join(this.folder, "cdktf.json"), JSON.stringify(cdktf));
  }

  /** A stack of the app in this repository, as `npm run build` has compiled it. */
  public static ofStack(stack: string, environment?: NodeJS.ProcessEnv): Project {
    const { context } = JSON.parse(readFileSync(join(REPOSITORY, "cdktf.json"), "utf8"));
    // Its paths are relative to the repository, and the project lies elsewhere.
    const inventories = Object.entries<string>(context.inventory).map(([name, path]) => [
      name,
      join(REPOSITORY, path),
    ]);
    return new Project(`node ${join(REPOSITORY, "dist", "main.js")}`, stack, environment, {
      ...context,
      inventory: Object.fromEntries(inventories),
    });
  }

  public get outputFolder(): string {
    return join(this.folder, "cdktf.out", "stacks", this.stack);
  }

  /** Files that hold what Terraform knows: its state, also as backups. */
  public stateFiles(): string[] {
    const names = readdirSync(this.folder).filter((name) => name.includes(".tfstate"));
    return names.map((name) => join(this.folder, name));
  }

  public synthesize(): Promise<CommandResult> {
    const program = join(REPOSITORY, "node_modules", ".bin", "cdktf");
    return run(program, ["synth"], { timeoutSeconds: 180, cwd: this.folder, environment: this.variables() });
  }

  public deploy(timeoutSeconds = 400): Promise<CommandResult> {
    return this.cdktf("deploy", timeoutSeconds, "--auto-approve");
  }

  public destroy(timeoutSeconds = 300): Promise<CommandResult> {
    return this.cdktf("destroy", timeoutSeconds, "--auto-approve");
  }

  /** Terraform itself, in the folder that `cdktf` has written. */
  public terraform(...args: readonly string[]): Promise<CommandResult> {
    return run(terraformBinary(), [`-chdir=${this.outputFolder}`, ...args, "-no-color"], {
      timeoutSeconds: 300,
      environment: this.variables(),
    });
  }

  /** Terraform's address of the resource with this construct id, right below the cluster. */
  public address(type: string, id: string): string {
    const { resource } = JSON.parse(readFileSync(join(this.outputFolder, "cdk.tf.json"), "utf8"));
    const found = Object.entries<{ "//": { metadata: { path: string } } }>(resource[type] ?? {}).find(
      ([, { "//": comment }]) => comment.metadata.path.endsWith(`/${id}`),
    );
    if (found === undefined) {
      throw new Error(`no ${type} ${id} in ${this.outputFolder}`);
    }
    return `${type}.${found[0]}`;
  }

  public remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private cdktf(command: string, timeoutSeconds: number, ...args: readonly string[]): Promise<CommandResult> {
    const program = join(REPOSITORY, "node_modules", ".bin", "cdktf");
    return run(program, [command, this.stack, "--skip-provider-lock", ...args], {
      timeoutSeconds,
      cwd: this.folder,
      environment: {
        ...this.variables(),
        E2E_TERRAFORM: terraformBinary(),
        TERRAFORM_BINARY_NAME: join(__dirname, "terraform.sh"),
      },
    });
  }

  private variables(): NodeJS.ProcessEnv {
    return { ...terraformEnvironment(), ...this.environment };
  }
}

/** Terraform breaks its errors into lines with a frame. */
export function unwrapped({ output }: CommandResult): string {
  return output.replace(/^\s*\S*\s*│/gm, " ").replace(/\s+/g, " ");
}
