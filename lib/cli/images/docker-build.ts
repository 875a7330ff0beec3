import { run, runOrFail } from "../base/process";
import type { Progress } from "../base/progress";

export interface BuildWanted {
  readonly tag: string;
  readonly dockerfile: string;
  /** Folder of everything that the Dockerfile copies. */
  readonly context: string;
  /** Build arguments. */
  readonly values: { readonly [name: string]: string };
  /** Value of the label `cdktf-ray-cluster.stage`, on the stages that are no part of the image. */
  readonly stage: string;
  /** How long it takes as a rule. */
  readonly usually: string;
}

/** Builds an image without network: behind a company proxy a build has neither certificates nor an index. */
export async function buildImage(wanted: BuildWanted, progress: Progress): Promise<void> {
  const { tag, dockerfile, context, values, stage, usually } = wanted;
  const hasBuildx = (await run("docker", ["buildx", "version"])).exitCode === 0;
  const args = [
    ...["build", "--network", "none", "--tag", tag, "--file", dockerfile],
    ...Object.entries(values).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]),
    context,
  ];
  const onLine = (line: string): void => {
    const step = buildStep(line);
    if (step !== undefined) {
      progress.say(`  ${step}`);
    }
  };
  const environment = { DOCKER_BUILDKIT: hasBuildx ? "1" : "0" };
  await progress.step(`building ${tag}`, () => runOrFail("docker", args, { environment, onLine }), usually);
  if (!hasBuildx) {
    // The classic builder leaves the other stages behind, as large as the image.
    await run("docker", ["image", "prune", "--force", "--filter", `label=cdktf-ray-cluster.stage=${stage}`]);
  }
}

/** A step that takes time, as the builder names it; `undefined`: another line. */
export function buildStep(line: string): string | undefined {
  return /^(Step \d+\/\d+ : (COPY|RUN) .*|#\d+ (\[.* \d+\/\d+\] (COPY|RUN) .*))$/
    .exec(line)
    ?.slice(1)
    .find((text) => text !== undefined)
    ?.replace(/^#\d+ /, "");
}
