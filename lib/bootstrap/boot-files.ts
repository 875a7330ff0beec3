import * as path from "node:path";
import { unpackProgram } from "../runtime/bundle";
import type { ContainerSpec } from "../runtime/container-spec/container-spec";
import { sha256 } from "../runtime/content-hash";
import { CONTAINER_PATHS } from "../runtime/paths";
import { BootError, type BootFile, type BootSecret, type BootSource, type BootSpec } from "./boot-spec";
import { dockerRunArguments, gateRunArguments, hostFolders } from "./docker-run";
import { ANNOUNCE_SERVICE, CONTAINER_NAME, HOST_PATHS, SERVICE } from "./host-paths";
import { machineBundle } from "./machine-bundle";
import { packed } from "./packed";
import { rootfsFile } from "./rootfs-file";
import { systemdUnits } from "./systemd-units";

const ROOTFS = path.join(__dirname, "rootfs");
const PROGRAMS = "usr/local/lib/ray-cluster";

/** All files of a machine that boots: constant ones of `rootfs`, and the data of this node. */
export function bootFiles(spec: BootSpec): readonly BootFile[] {
  const { container, program, build, mounts = [] } = spec;
  const bundle = machineBundle(container.files, build, program === undefined ? unused(spec) : []);
  return [
    ...parts(spec).map((name) => rootfsFile(ROOTFS, name)),
    { path: HOST_PATHS.unpack, content: unpackProgram() },
    ...unique([...(spec.files ?? []), ...mounts.flatMap(({ files = [] }) => files)]),
    { path: HOST_PATHS.nodeConfig, content: nodeConfigOf(container) },
    ...(program === undefined ? [{ path: HOST_PATHS.packedBundle, content: packed(bundle) }] : []),
    ...systemdUnits(spec),
    ...dataFiles(spec, bundle),
  ];
}

/** Where the bundle is part of the boot, its size counts. */
function unused({ announce, logs, mounts = [] }: BootSpec): readonly string[] {
  return [
    ...(announce?.stop === undefined ? ["stop-cluster.sh"] : []),
    ...(mounts.some(({ type }) => type === "lustre") ? [] : ["lustre-client.sh"]),
    ...(logs === undefined ? ["ship_logs.py", "ray-cluster-logs.service"] : []),
  ];
}

/** The files of `rootfs` that are needed before the bundle is fetched; user data is limited in size. */
function parts({ announce, program }: BootSpec): readonly string[] {
  const units = [SERVICE, ...(announce === undefined ? [] : [ANNOUNCE_SERVICE])];
  const programs = [
    ...["boot.sh", "common.sh", "fetch-program.sh", "sources/file.sh"],
    ...(program === undefined ? ["restore_bundle.py"] : []),
    // Needed to report that the bundle cannot be fetched.
    ...(announce === undefined ? [] : ["announce.sh", "put_signal.py"]),
  ];
  return [
    ...units.map((name) => `etc/systemd/system/${name}`),
    ...programs.map((name) => `${PROGRAMS}/${name}`),
  ];
}

/** Every source of a boot. */
export function sourcesOf(spec: BootSpec): readonly BootSource[] {
  const { program, secrets = [], registry, stages = [], announce } = spec;
  const parts = [registry, announce, ...secrets, ...stages];
  return [
    program,
    spec.logs,
    announce?.booted,
    announce?.workloads,
    announce?.stop?.source,
    ...parts.map((part) => part?.source),
  ].flatMap((source) => source ?? []);
}

/** Without indentation, to save user data. */
function nodeConfigOf({ name, files }: ContainerSpec): string {
  const found = files.find(({ path: file }) => file === CONTAINER_PATHS.config);
  if (found === undefined) {
    throw new BootError(`the container of ${name} has no file ${CONTAINER_PATHS.config}`);
  }
  return `${JSON.stringify(JSON.parse(found.content))}\n`;
}

/** Mounts of the same kind share files, and one program may be the source of several secrets. */
function unique(files: readonly BootFile[]): readonly BootFile[] {
  return files.filter(({ path: name }, index) => files.findIndex((file) => file.path === name) === index);
}

function dataFiles(spec: BootSpec, bundle: string): readonly BootFile[] {
  const { container, program, build, announce } = spec;
  const { mounts = [], secrets = [], devices = [], facts = [], filter = [], stages = [], registry } = spec;
  const { role, name } = container.config.node;
  const data: { readonly [name: string]: readonly string[] } = {
    settings: settingLines({
      container: CONTAINER_NAME,
      image: container.image,
      base: build?.base,
      runtime: container.runtime,
      disk_folder: spec.diskFolder,
      program_sha256: sha256(bundle),
      role,
      node: name ?? undefined,
      announce_boot_seconds: announce && String(announce.bootSeconds ?? 900),
      stop_unasked_seconds: announce?.stop && String(announce.stop.unaskedSeconds),
    }),
    folders: hostFolders(container),
    mounts: mounts.map(({ hostPath, type, after }) => [hostPath, type, ...after].join(" ")),
    secrets: secretLines(secrets.filter(({ isOfSource }) => !isOfSource)),
    "model-secrets": secretLines(secrets.filter(({ isOfSource }) => isOfSource)),
    program: program === undefined ? [] : [sourceLine(program)],
    devices: devices.map(({ name, count, glob }) => `${name} ${count} ${glob}`),
    facts,
    filter,
    registry:
      registry === undefined ? [] : [`${registry.host} ${registry.user} ${sourceLine(registry.source)}`],
    stages: stages.map(({ folder, source }) => `${oneWord(folder)} ${sourceLine(source)}`),
    announce: [announce?.source, announce?.booted].flatMap((source) => (source ? [sourceLine(source)] : [])),
    logs: spec.logs === undefined ? [] : [sourceLine(spec.logs)],
    stop: announce?.stop === undefined ? [] : [sourceLine(announce.stop.source)],
    workloads: announce === undefined || role !== "head" ? [] : [sourceLine(announce.workloads)],
    gate: announce === undefined || role !== "head" ? [] : gateRunArguments(container),
    argv: dockerRunArguments(container, secrets.length > 0),
  };
  return Object.entries(data).map(([name, lines]) => ({
    path: `${HOST_PATHS.boot}/${name}`,
    content: lines.map((line) => `${line}\n`).join(""),
  }));
}

function secretLines(secrets: readonly BootSecret[]): readonly string[] {
  return secrets.map(({ name, source }) => `${name} ${sourceLine(source)}`);
}

function settingLines(settings: { readonly [key: string]: string | undefined }): readonly string[] {
  return Object.entries(settings).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]));
}

function sourceLine({ name, arguments: words }: BootSource): string {
  return [name, ...words].map(oneWord).join(" ");
}

function oneWord(word: string): string {
  if (word === "" || /\s/.test(word)) {
    throw new BootError(
      `folders, names and arguments of a source must be non-empty and contain no spaces, got '${word}'`,
    );
  }
  return word;
}
