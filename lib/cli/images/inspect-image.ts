import { readFileSync } from "node:fs";
import { join } from "node:path";
import { engineMilestone } from "../../catalog/engines";
import { CommandError } from "../base/command-error";
import { howItEnded, run, runOrFail } from "../base/process";
import type { Progress } from "../base/progress";
import { table } from "../base/table";
import { hasImage } from "./base-image";

/** Runs in the image, from standard input: nothing is mounted, so a remote engine does as well. */
const PROGRAM = join(__dirname, "inspect_image.py");
/** Images of engines are 10 GB and more. */
const PULL_SECONDS = 5400;
const RUN_SECONDS = 120;

/** What the program finds in an image. */
interface Contents {
  readonly python: string;
  readonly packages: { readonly [name: string]: string | undefined };
  readonly programs: readonly string[];
  readonly shellFiles: readonly string[];
  readonly user: number;
}

/**
 * What an image holds, as a table and as the declaration to paste. It is pulled where the engine lacks it.
 *
 * @param reference of an image in the Docker engine or in a registry
 * @throws CommandError where it cannot be pulled, or holds no Python 3
 */
export async function inspectImage(reference: string, progress: Progress): Promise<string> {
  if (!(await hasImage(reference))) {
    await progress.step(`pulling ${reference}`, () =>
      runOrFail("docker", ["pull", reference], { timeoutSeconds: PULL_SECONDS }),
    );
  }
  const digest = await digestOf(reference);
  const contents = await contentsOf(reference);
  return [
    table([
      ["what", "value"],
      ["digest", digest ?? "none: the image was built or loaded here"],
      ["python", contents.python],
      ...Object.entries(contents.packages).map(([name, version]) => [name, version ?? ""]),
    ]),
    "",
    declaration(withDigest(reference, digest), contents),
    ...notes(contents, digest).map((note) => `\n${note}`),
  ].join("\n");
}

/** The registry's digest of what the engine holds; `undefined`: the image is of no registry. */
async function digestOf(reference: string): Promise<string | undefined> {
  const format = "{{range .RepoDigests}}{{println .}}{{end}}";
  const digests = (await runOrFail("docker", ["image", "inspect", "--format", format, reference])).split(
    "\n",
  );
  const repository = /^(?<name>.*?)(?::[^/:@]+)?(?:@.*)?$/.exec(reference)?.groups?.name;
  // An image that stands in several repositories has the digest of each.
  const own = digests.find((digest) => digest.split("@")[0]?.endsWith(repository ?? "")) ?? digests[0];
  return own?.split("@")[1]?.trim();
}

async function contentsOf(reference: string): Promise<Contents> {
  const args = [
    "run",
    "--rm",
    "--interactive",
    "--network",
    "none",
    "--entrypoint",
    "python3",
    reference,
    "-",
  ];
  const outcome = await run("docker", args, {
    input: readFileSync(PROGRAM, "utf8"),
    timeoutSeconds: RUN_SECONDS,
  });
  try {
    // A program of the image may print before ours.
    return JSON.parse(outcome.stdout.trim().split("\n").at(-1) ?? "") as Contents;
  } catch {
    throw new CommandError(
      `Python 3 of ${reference} ${howItEnded(outcome, { timeoutSeconds: RUN_SECONDS })}`,
      "A cluster needs an image with python3 in PATH, for the architecture of this Docker engine.",
    );
  }
}

function withDigest(reference: string, digest: string | undefined): string {
  return digest === undefined || reference.includes("@") ? reference : `${reference}@${digest}`;
}

function declaration(reference: string, { python, packages, shellFiles }: Contents): string {
  const { ray, vllm } = packages;
  const known = [
    ...(ray === undefined ? [] : [`rayVersion: "${ray}"`]),
    `pythonVersion: "${python}"`,
    ...(shellFiles.length === 0 ? [] : [`shellFiles: [${shellFiles.map((file) => `"${file}"`).join(", ")}]`]),
  ].join(", ");
  const image = `ContainerImage.of("${reference}", { ${known} })`;
  return ray === undefined && vllm !== undefined
    ? `image: ContainerImage.withPythonPackages(${image}, ["ray==${engineMilestone("ray-of-vllm").version}"]),`
    : `image: ${image},`;
}

function notes({ packages, shellFiles }: Contents, digest: string | undefined): readonly string[] {
  return [
    ...(packages.ray === undefined
      ? ["It holds no Ray, which every node needs: ContainerImage.withPythonPackages or withSource adds it."]
      : []),
    ...(digest === undefined
      ? ["Push it to a registry, or load it on every machine: without a digest machines may differ."]
      : []),
    ...(shellFiles.length > 0
      ? [
          `These files set variables for a shell: ${shellFiles.join(", ")}.\n` +
            "A node reads those that `shellFiles` names when it starts; leave out what the engine does not need.",
        ]
      : []),
  ];
}
