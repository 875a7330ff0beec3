import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const ROOT = resolve(__dirname, "../..");

/** A project of somebody else, with the package as it is published and some of its peers. */
export class Consumer {
  /** Where the package lies. */
  public readonly installed: string;
  private readonly folder = mkdtempSync(join(tmpdir(), "consumer-"));

  /** @param modules names of further packages; the package's own dependencies are always there */
  public constructor(modules: readonly string[]) {
    const nodeModules = join(this.folder, "node_modules");
    this.installed = join(nodeModules, "cdktf-ray-cluster");
    if (!existsSync(join(ROOT, "dist/lib/index.js"))) {
      throw new Error("the package is not compiled: run 'npm run build' first");
    }
    // Without scripts: the check of the whole repository compiles once, and others read the result meanwhile.
    execFileSync("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", this.folder], {
      cwd: ROOT,
    });
    this.run("tar", "xzf", "cdktf-ray-cluster-0.1.0.tgz");
    mkdirSync(nodeModules);
    renameSync(join(this.folder, "package"), this.installed);
    for (const name of ["cdktf", "constructs", "commander", "ipaddr.js", "yaml", "@viz-js/viz", ...modules]) {
      const path = join(nodeModules, name);
      mkdirSync(dirname(path), { recursive: true });
      symlinkSync(join(ROOT, "node_modules", name), path);
    }
  }

  /** What a program prints in the project. */
  public run(program: string, ...args: readonly string[]): string {
    return execFileSync(program, args, { cwd: this.folder, encoding: "utf8" });
  }

  /** Writes a file of the project, and returns its name. */
  public write(name: string, text: string): string {
    writeFileSync(join(this.folder, name), text);
    return name;
  }

  /** What the compiler says of a file with everything checked, declarations of packages too. */
  public typeCheck(file: string, ...options: readonly string[]): string {
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    const types = ["--types", "node", "--typeRoots", join(ROOT, "node_modules/@types")];
    const args = [tsc, "--strict", "--target", "es2022", ...types, ...options, file];
    return spawnSync("node", args, { cwd: this.folder, encoding: "utf8" }).stdout;
  }

  public remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
