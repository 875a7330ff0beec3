import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { CONTAINER_PATHS } from "../runtime/paths";
import type { ContainerFile } from "../runtime/container-spec";
import { BootError, type BootFile, type BootSource, type BootSpec } from "./boot-spec";
import { dockerRunArguments, hostFolders } from "./docker-run";
import { CONTAINER_NAME, HOST_PATHS } from "./host-paths";
import { systemdUnits } from "./systemd-units";

const ROOTFS = path.join(__dirname, "rootfs");
/** Of what lies there, what every boot needs; the rest is for machines that are prepared by hand or over SSH. */
const PARTS = [
  "etc/systemd/system/ray-cluster.service",
  ...[
    "boot.sh",
    "check-host.sh",
    "common.sh",
    "fetch-program.sh",
    "fetch-secrets.sh",
    "install-docker.sh",
    "pull-image.sh",
    "run-node.sh",
    "sources/file.sh",
  ].map((name) => `usr/local/lib/ray-cluster/${name}`),
];
const UNPACK = path.join(__dirname, "..", "runtime", "unpack_files.py");

/** All files of a machine: the constant ones of `rootfs`, and this node's, which are data. */
export function bootFiles(spec: BootSpec): readonly BootFile[] {
  const { container, program } = spec;
  return [
    ...PARTS.map((name) => rootfsFile(ROOTFS, name)),
    { path: `${HOST_PATHS.programs}/unpack_files.py`, content: fs.readFileSync(UNPACK, "utf8") },
    ...(spec.files ?? []),
    { path: HOST_PATHS.nodeConfig, content: nodeConfigOf(container.files) },
    ...(program.source === undefined
      ? [{ path: HOST_PATHS.files, content: containerFilesText(container.files) }]
      : []),
    ...systemdUnits(spec),
    ...dataFiles(spec),
  ];
}

/** A file of a folder that mirrors a machine: path there = path here. */
export function rootfsFile(folder: string, name: string): BootFile {
  return {
    path: `/${name}`,
    content: fs.readFileSync(path.join(folder, name), "utf8"),
    mode: name.endsWith(".sh") ? "0755" : "0644",
  };
}

/**
 * The container's files but for `node.json`, as the one file that `unpack_files.py` takes. They are the same for all
 * nodes of a cluster, so a place may keep them where all machines get them from.
 */
export function containerFilesText(files: readonly ContainerFile[]): string {
  const constant = files.filter(({ path: name }) => name !== CONTAINER_PATHS.config);
  return `${JSON.stringify(Object.fromEntries(constant.map((file) => [file.path, file.content])))}\n`;
}

function nodeConfigOf(files: readonly ContainerFile[]): string {
  const config = files.find(({ path: name }) => name === CONTAINER_PATHS.config);
  if (config === undefined) {
    throw new BootError("its container has no node.json");
  }
  // Without the indentation, which nobody reads on a machine.
  return `${JSON.stringify(JSON.parse(config.content))}\n`;
}

function dataFiles(spec: BootSpec): readonly BootFile[] {
  const { container, program, mounts = [], secrets = [], devices = [], registry } = spec;
  const data: { readonly [name: string]: readonly string[] } = {
    settings: settingLines({
      container: CONTAINER_NAME,
      image: container.image,
      runtime: container.runtime,
      disk_folder: spec.diskFolder,
      program_sha256: createHash("sha256").update(containerFilesText(container.files)).digest("hex"),
    }),
    folders: hostFolders(container),
    mounts: mounts.map(({ hostPath }) => hostPath),
    secrets: secrets.map(({ name, source }) => `${name} ${sourceLine(source)}`),
    program: program.source === undefined ? [] : [sourceLine(program.source)],
    devices: devices.map(({ name, count, glob }) => `${name} ${count} ${glob}`),
    registry:
      registry === undefined ? [] : [`${registry.host} ${registry.user} ${sourceLine(registry.source)}`],
    argv: dockerRunArguments(container, secrets.length > 0),
  };
  return Object.entries(data).map(([name, lines]) => ({
    path: `${HOST_PATHS.boot}/${name}`,
    content: lines.map((line) => `${line}\n`).join(""),
  }));
}

function settingLines(settings: { readonly [key: string]: string | undefined }): readonly string[] {
  return Object.entries(settings).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]));
}

function sourceLine(source: BootSource): string {
  const odd = source.arguments.find((argument) => argument === "" || /\s/.test(argument));
  if (odd !== undefined) {
    throw new BootError(`arguments of a source have no blanks, got '${odd}' for ${source.name}`);
  }
  return [source.name, ...source.arguments].join(" ");
}
