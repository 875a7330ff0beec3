import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ContainerUpload } from "@cdktf/provider-docker/lib/container";
import type { Construct } from "constructs";
import type { ContainerFile } from "../../runtime/container-spec/container-spec";
import { CONTAINER_PATHS } from "../../runtime/paths";
import { literal } from "../../terraform/encode";
import { addStackFile } from "../../terraform/stack-files";

const UNPACK_SOURCE = join(__dirname, "../../runtime/unpack_files.py");
const UNPACK_PATH = `${CONTAINER_PATHS.program}/unpack_files.py`;
const BUNDLE_PATH = `${CONTAINER_PATHS.program}/files.json`;

/**
 * How the files of a cluster's containers get there. What all of them share, the programs, lies beside
 * the stack's JSON as one bundle, named by path and hash: the provider takes 0.1 s and six lines of plan
 * for every file of every container. What belongs to one container (`node.json`) travels inline, where
 * a plan shows what changes in it.
 */
export class ContainerFiles {
  private readonly shared = new Map<string, string>();
  private readonly uploadsOfAll: ContainerUpload[];

  /** @param containers all containers of the cluster */
  public constructor(
    scope: Construct,
    clusterName: string,
    containers: readonly { readonly files: readonly ContainerFile[] }[],
  ) {
    const contents = new Map<string, Set<string>>();
    for (const { path, content } of containers.flatMap((container) => container.files)) {
      contents.set(path, (contents.get(path) ?? new Set()).add(content));
    }
    for (const [path, [content, ...others]] of contents) {
      if (others.length === 0 && path !== CONTAINER_PATHS.config) {
        this.shared.set(path, content);
      }
    }
    const bundle = `${JSON.stringify(Object.fromEntries(this.shared), null, 2)}\n`;
    this.uploadsOfAll = [
      stackFile(scope, "files/unpack_files.py", UNPACK_PATH, readFileSync(UNPACK_SOURCE, "utf8")),
      stackFile(scope, `files/${clusterName}.json`, BUNDLE_PATH, bundle),
    ];
  }

  /** The `upload` blocks of one container. */
  public uploads(files: readonly ContainerFile[], containerName: string): ContainerUpload[] {
    const own = files.filter((file) => !this.shared.has(file.path));
    return [...this.uploadsOfAll, ...own.map((file) => inline(file, containerName))];
  }

  /** The command of a container, after its files are in place. */
  public command(command: readonly string[]): string[] {
    return ["python3", UNPACK_PATH, BUNDLE_PATH, ...command];
  }
}

function stackFile(scope: Construct, source: string, path: string, content: string): ContainerUpload {
  addStackFile(scope, source, content);
  return {
    file: path,
    source: literal(source, "path of a file"),
    sourceHash: createHash("sha256").update(content).digest("hex"),
  };
}

function inline(file: ContainerFile, containerName: string): ContainerUpload {
  if (file.content === "") {
    throw new Error(`file ${file.path} of ${containerName}: the Docker provider refuses empty content`);
  }
  return { file: file.path, content: literal(file.content, `file ${file.path} of ${containerName}`) };
}
