import { join } from "node:path";
import { canInstallPackages, installPackages } from "../../lib/cli/base/apt";
import toolchains from "../../lib/catalog/go-toolchains.json";
import { parseVersion } from "../../lib/catalog/ray-versions";
import { cached, cacheFolder } from "../../lib/cli/base/cache-folder";
import { CommandError } from "../../lib/cli/base/command-error";
import { howItEnded, run } from "../../lib/cli/base/process";
import type { Progress } from "../../lib/cli/base/progress";

/** From this one on, Go fetches the newer Go that a module asks for by itself. */
const OLDEST_GO = "1.21";

/**
 * Path of a Go that can build: the one in PATH, else the distribution's, else one from the Go module
 * proxy, kept in the cache.
 *
 * @throws CommandError where there is none of them
 */
export async function ensureGo(progress: Progress): Promise<string> {
  let version = await installedVersion();
  if (version === undefined && (await canInstallPackages())) {
    await installPackages(["golang-go"], "build a Terraform provider", progress);
    version = await installedVersion();
  }
  if (version !== undefined && isNewEnough(version)) {
    return "go";
  }
  const found = version === undefined ? "Go is not installed" : `${version} is too old`;
  const proxy = goProxy((await run("go", ["env", "GOPROXY"])).stdout) ?? goProxy(process.env.GOPROXY);
  if (proxy === undefined) {
    throw new CommandError(
      found,
      `Install Go ${OLDEST_GO} or newer (go.dev/dl), or name a Go module proxy in GOPROXY.`,
    );
  }
  const platform = `${process.platform}-${process.arch}`;
  const toolchain = toolchains.find((row) => row.platform === platform);
  if (toolchain === undefined) {
    throw new CommandError(found, `Install Go ${OLDEST_GO} or newer (go.dev/dl).`);
  }
  const folder = await cached(join(cacheFolder(), "go", toolchain.version), async (work) => {
    if ((await run("python3", ["--version"])).missing) {
      await installPackages(["python3"], "fetch Go", progress);
    }
    const root = join(work, "go");
    const url = `${proxy}/${toolchain.module}/@v/${toolchain.version}.zip`;
    await progress.step(`${found}: fetching it from ${url}`, async () => {
      const outcome = await run("python3", [join(__dirname, "fetch_go.py"), url, toolchain.sha256, root]);
      if (outcome.exitCode !== 0) {
        throw new CommandError(
          `fetching Go ${howItEnded(outcome)}`,
          `Install Go ${OLDEST_GO} or newer (go.dev/dl), or name a Go module proxy in GOPROXY.`,
        );
      }
    });
    return root;
  });
  return join(folder, "bin", "go");
}

/** `go1.22.4`: new enough; `go1.19`: not. */
export function isNewEnough(goVersion: string): boolean {
  const [major = 0, minor = 0] = parseVersion(goVersion.replace(/^go/, "")) ?? [];
  return major > 1 || minor >= Number(OLDEST_GO.split(".")[1]);
}

/** First proxy of a list as in GOPROXY, by comma or bar and between words such as `direct`; `undefined`: none. */
export function goProxy(list = ""): string | undefined {
  const proxies = list.trim().split(/[,|]/);
  return proxies.find((proxy) => proxy.startsWith("http"))?.replace(/\/$/, "");
}

/** As `go1.22.4`; `undefined`: there is no Go. */
async function installedVersion(): Promise<string | undefined> {
  const { exitCode, stdout } = await run("go", ["env", "GOVERSION"]);
  return exitCode === 0 ? stdout.trim() : undefined;
}
