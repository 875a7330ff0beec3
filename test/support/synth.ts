import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, TerraformStack } from "cdktf";

/** Resources of one type by their name in Terraform. */
export interface Resources {
  readonly [name: string]: { readonly [attribute: string]: any };
}

/** A stack as `cdktf synth` writes it: parsed, and where it lies. */
export class Synthesized {
  public readonly folder: string;
  public readonly text: string;
  public readonly json: { readonly [block: string]: any };

  private constructor(
    private readonly outdir: string,
    stack: string,
  ) {
    this.folder = join(outdir, "stacks", stack);
    this.text = readFileSync(join(this.folder, "cdk.tf.json"), "utf8");
    this.json = JSON.parse(this.text);
  }

  /** Synthesizes what `build` puts into one stack. */
  public static of(build: (stack: TerraformStack) => void, stackName = "test"): Synthesized {
    return Synthesized.app((app) => {
      build(new TerraformStack(app, stackName));
    }, stackName);
  }

  /** Synthesizes one stack that `build` makes in an app, in a folder of its own. */
  public static app(build: (app: App) => void, stackName: string): Synthesized {
    const outdir = mkdtempSync(join(tmpdir(), "ray-cluster-synth-"));
    const app = new App({ outdir });
    build(app);
    app.synth();
    return new Synthesized(outdir, stackName);
  }

  public file(path: string): string {
    return readFileSync(join(this.folder, path), "utf8");
  }

  /** Names of the files in a folder beside the stack, in order. */
  public files(folder: string): string[] {
    return readdirSync(join(this.folder, folder)).sort();
  }

  public resources(type: string): Resources {
    return this.json.resource?.[type] ?? {};
  }

  /** How many resources of each type there are. */
  public counts(): { [type: string]: number } {
    const types = Object.entries<object>(this.json.resource ?? {});
    return Object.fromEntries(types.map(([type, resources]) => [type, Object.keys(resources).length]));
  }

  public remove(): void {
    rmSync(this.outdir, { recursive: true, force: true });
  }
}
