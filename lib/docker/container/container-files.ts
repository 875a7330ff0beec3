import type { ContainerUpload } from "@cdktf/provider-docker/lib/container";
import type { Construct } from "constructs";
import { bundleText, unpackProgram } from "../../runtime/bundle";
import type { ContainerFile } from "../../runtime/container-spec/container-spec";
import { sha256 } from "../../runtime/content-hash";
import { CONTAINER_PATHS } from "../../runtime/paths";
import { literal } from "../../terraform/encode";
import { template } from "../../terraform/template";
import { addStackFile } from "../../terraform/stack-files";

/** Where the containers have the bundle, and the program that unpacks it. */
export const UNPACK = {
  program: `${CONTAINER_PATHS.program}/unpack_files.py`,
  bundle: `${CONTAINER_PATHS.program}/files.json`,
};

/** Belong to one container, and are not part of what a change of another one replaces. */
const OWN: readonly string[] = [CONTAINER_PATHS.config, CONTAINER_PATHS.workload];

/**
 * The files of a cluster's containers. What all containers share is one bundle beside the stack's JSON, named by path
 * and hash, because the provider takes 0.1 s and six lines of plan for every file of every container. What belongs to
 * one container (`node.json`, `workload.json`) is uploaded inline, where a plan shows what changes in it.
 */
export class ContainerFiles {
  private readonly shared = new Map<string, string>();
  private readonly uploadsOfAll: readonly ContainerUpload[];

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
      if (others.length === 0 && !OWN.includes(path)) {
        this.shared.set(path, content);
      }
    }
    const bundle = bundleText([...this.shared].map(([path, content]) => ({ path, content })));
    this.uploadsOfAll = [
      stackFile(scope, "files/unpack_files.py", UNPACK.program, unpackProgram()),
      stackFile(scope, `files/${clusterName}.json`, UNPACK.bundle, bundle),
    ];
  }

  /** The `upload` blocks of one container. */
  public uploads(files: readonly ContainerFile[], containerName: string): readonly ContainerUpload[] {
    const own = files.filter((file) => !this.shared.has(file.path));
    return [...this.uploadsOfAll, ...own.map((file) => inline(file, containerName))];
  }
}

function stackFile(scope: Construct, source: string, path: string, content: string): ContainerUpload {
  addStackFile(scope, source, content);
  return {
    file: path,
    source: literal(source, "path of a file"),
    sourceHash: sha256(content),
  };
}

function inline(file: ContainerFile, containerName: string): ContainerUpload {
  if (file.content === "") {
    throw new Error(`file ${file.path} of ${containerName}: the Docker provider refuses empty content`);
  }
  return { file: file.path, content: template(file.content, `file ${file.path} of ${containerName}`) };
}
