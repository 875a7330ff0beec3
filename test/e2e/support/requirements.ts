import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { emulationImageTag } from "../../../lib/docker/images/emulation-image";
import { vllmCpuImageTag } from "../../../tools/images/vllm-cpu-image";
import { DOCKER, DOCKER_PROVIDER, type Requirement, TERRAFORM } from "../../support/requirements";
import { REPOSITORY } from "./project";

export const OLDER_RAY = "2.47.1";

/** The one Ray that ROLL's requirements pin. */
export const ROLL_RAY = "2.48.0";

export const COMPILED: Requirement = {
  what: "compiled app in dist/ (npm run build)",
  isMet: () => existsSync(join(REPOSITORY, "dist", "main.js")),
};

/** Packets are dropped in a container's own network namespace. */
export const PACKET_FILTER: Requirement = {
  what: "root with nsenter and iptables",
  isMet: () =>
    process.getuid?.() === 0 && succeeds("nsenter", "--version") && succeeds("iptables", "--version"),
};

/** The example with curl reads JSON. */
export const JQ: Requirement = { what: "curl and jq", isMet: () => succeeds("jq", "--version") };

/** Machines are reached as a person reaches them. */
export const SSH: Requirement = {
  what: "ssh client (ssh and ssh-keygen)",
  isMet: () => succeeds("ssh", "-V") && succeeds("sh", "-c", "command -v ssh-keygen"),
};

/** Machines mount by it where the kernel has no client of NFS. */
export const FUSE: Requirement = { what: "/dev/fuse", isMet: () => existsSync("/dev/fuse") };

/** Makes a server's certificate. */
export const OPENSSL: Requirement = { what: "openssl", isMet: () => succeeds("openssl", "version") };

/** A library that shows programs another clock is compiled where the tests run. */
export const COMPILER: Requirement = { what: "gcc", isMet: () => succeeds("gcc", "--version") };

/** A second Docker daemon of the test's own. */
export const OWN_DAEMON: Requirement = {
  what: "root with dockerd and unshare",
  isMet: () =>
    process.getuid?.() === 0 && succeeds("dockerd", "--version") && succeeds("unshare", "--version"),
};

/** Image of the local emulation with this Ray; `undefined`: the one of the catalogue. */
export function emulationImage(rayVersion?: string): Requirement {
  const option = rayVersion === undefined ? "" : ` --ray-version ${rayVersion}`;
  return {
    what: `image ${emulationImageTag(rayVersion)} (npx cdktf-ray-cluster image${option})`,
    isMet: () => succeeds("docker", "image", "inspect", emulationImageTag(rayVersion)),
  };
}

/** Image of real vLLM on CPUs. */
export const VLLM_CPU_IMAGE: Requirement = {
  what: `image ${vllmCpuImageTag()} (node tools/clone.cjs image vllm-cpu)`,
  isMet: () => succeeds("docker", "image", "inspect", vllmCpuImageTag()),
};

/** What every deployment needs. */
export const DEPLOYMENT: readonly Requirement[] = [DOCKER, TERRAFORM, DOCKER_PROVIDER, emulationImage()];

function succeeds(program: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: "ignore", timeout: 30_000 });
    return true;
  } catch {
    return false;
  }
}
