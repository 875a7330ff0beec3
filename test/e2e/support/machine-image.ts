import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { baseImageOf } from "../../../lib/catalog/base-images";
import { ensureBaseImage } from "../../../lib/cli/images/base-image";
import { DEBIAN_BASE } from "../../../tools/supply/debian-base";
import { ensureDocker } from "../../../lib/cli/base/docker-engine";
import { Progress } from "../../../lib/cli/base/progress";
import { run, runOrFail } from "./command";
import { REPOSITORY } from "./project";

const FOLDER = join(REPOSITORY, "test", "e2e", "machine");
const DOCKERFILE = join(FOLDER, "machine.dockerfile");

/** `bare`: a machine without Docker; `docker`: with an engine of its own; `cloud`: with cloud-init, too. */
export const MACHINE_KINDS = ["bare", "docker", "cloud"] as const;
export type MachineKind = (typeof MACHINE_KINDS)[number];

/** Image of a machine, built from the distribution's packages where it is missing; it stays for the next run. */
export async function machineImage(kind: MachineKind): Promise<string> {
  const progress = new Progress((line) => process.stderr.write(`    ${line}\n`));
  const base = await ensureBaseImage(baseImageOf("emulation"), await ensureDocker(progress), progress, {
    withoutRegistry: DEBIAN_BASE,
  });
  const hash = createHash("sha256").update(base).update(readFileSync(DOCKERFILE)).digest("hex").slice(0, 12);
  const tag = `cdktf-ray-cluster/test-machine:${kind}-${hash}`;
  if ((await run("docker", ["image", "inspect", tag], { timeoutSeconds: 30 })).exitCode === 0) {
    return tag;
  }
  const build = ["build", "--quiet", "--target", kind, "--build-arg", `BASE_IMAGE=${base}`, "--tag", tag];
  await progress.step(`building ${tag}`, () =>
    runOrFail("docker", [...build, "--file", DOCKERFILE, FOLDER], {
      timeoutSeconds: 400,
      environment: { ...process.env, DOCKER_BUILDKIT: "0" },
    }),
  );
  return tag;
}
