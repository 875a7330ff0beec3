import { isIP, isIPv4 } from "node:net";

/** What is wrong with a rank table or with what it is to be made of. */
export interface RankTableProblem {
  /** E.g. `servers[1].devices[3].ip`. */
  readonly path: string;
  readonly got: string;
  readonly allowed: string;
  readonly fix: string;
}

interface Json {
  readonly [key: string]: unknown;
}

/** HCCL takes names no longer than this. */
export const SERVER_ID_LENGTH = 64;
const WHOLE = /^(0|[1-9]\d*)$/;

/**
 * What is wrong with a finished rank table, by the rules of HCCL's documentation, and two of those who read it:
 * ranks follow the servers' order as strings (MindSpore), and the first server is where the driver runs (LMDeploy).
 */
export function rankTableProblems(value: unknown): readonly RankTableProblem[] {
  if (!isObject(value) || !Array.isArray(value.server_list) || value.server_list.length === 0) {
    return [
      problem("server_list", value, "must be a list of at least one server", "write one entry a server"),
    ];
  }
  const servers = value.server_list.filter(isObject);
  return [
    ...headProblems(value, servers),
    ...servers.flatMap(serverProblems),
    ...serverOrderProblems(servers.map(({ server_id: id }) => String(id))),
    ...duplicates(servers),
    ...rankProblems(servers),
    ...podProblems(value, servers),
  ];
}

function headProblems(table: Json, servers: readonly Json[]): readonly RankTableProblem[] {
  const problems = [];
  if (table.status !== "completed") {
    problems.push(
      problem("status", table.status, "must be 'completed'", "HCCL takes nothing else for usable"),
    );
  }
  if (table.version !== "1.0" && table.version !== "1.2") {
    problems.push(problem("version", table.version, "must be '1.0' or '1.2'", "1.2 is for A3 super pods"));
  }
  const counted = table.server_count === String(servers.length);
  if (!counted && !(table.version === "1.2" && table.server_count === undefined)) {
    const allowed = `must be the text '${servers.length}', the number of servers`;
    problems.push(problem("server_count", table.server_count, allowed, "correct it"));
  }
  return problems;
}

function serverProblems(server: Json, index: number): readonly RankTableProblem[] {
  const path = `server_list[${index}]`;
  const { server_id: id, host_ip: host } = server;
  const problems = [];
  if (typeof id !== "string" || id === "" || id.length > SERVER_ID_LENGTH) {
    const allowed = `must be text of 1 to ${SERVER_ID_LENGTH} characters`;
    problems.push(problem(`${path}.server_id`, id, allowed, "use the node's address"));
  }
  if (host !== undefined && !(typeof host === "string" && isIPv4(host))) {
    problems.push(problem(`${path}.host_ip`, host, "must be an IPv4 address", "use the node's address"));
  }
  const devices = devicesOf(server);
  if (devices.length === 0) {
    problems.push(problem(`${path}.device`, server.device, "must be a list of devices", "list the NPUs"));
  }
  return [...problems, ...devices.flatMap((device, at) => deviceProblems(device, `${path}.device[${at}]`))];
}

function deviceProblems(device: Json, path: string): readonly RankTableProblem[] {
  const problems = [];
  for (const key of ["device_id", "rank_id"]) {
    const found = device[key];
    if (typeof found !== "string" || !WHOLE.test(found)) {
      problems.push(problem(`${path}.${key}`, found, "must be a whole number from 0, as text", "correct it"));
    }
  }
  for (const key of ["device_ip", "backup_device_ip"]) {
    const found = device[key];
    if (found !== undefined && !(typeof found === "string" && isIP(found) !== 0)) {
      const fix = "take it from hccn_tool -ip -g";
      problems.push(problem(`${path}.${key}`, found, "must be an IPv4 or IPv6 address", fix));
    }
  }
  for (const key of ["device_port", "backup_device_port", "host_port"]) {
    const found = device[key];
    const port = typeof found === "string" && WHOLE.test(found) ? Number(found) : NaN;
    if (found !== undefined && !(port >= 1024 && port <= 65535)) {
      const allowed = "must be a port from 1024 to 65535, as text";
      problems.push(problem(`${path}.${key}`, found, allowed, "leave it out, or use 16666"));
    }
  }
  return problems;
}

/** Ranks follow the order of the servers' ids as strings (MindSpore). */
export function serverOrderProblems(ids: readonly string[]): readonly RankTableProblem[] {
  const sorted = [...ids].sort(byCodeUnits);
  const first = ids.findIndex((id, index) => id !== sorted[index]);
  return first < 0
    ? []
    : [
        problem(
          `server_list[${first}].server_id`,
          ids[first],
          `must come in the order of the ids as strings, where '${sorted[first]}' comes here`,
          "order the nodes so, or give them addresses of equal length: as strings '10.0.0.10' comes before '10.0.0.9'",
        ),
      ];
}

function duplicates(servers: readonly Json[]): readonly RankTableProblem[] {
  const problems: RankTableProblem[] = [];
  const seen = new Map<string, string>();
  const take = (kind: string, found: unknown, path: string) => {
    const key = `${kind} ${String(found)}`;
    const other = seen.get(key);
    if (found !== undefined && other !== undefined) {
      problems.push(problem(path, found, `must be unique, ${other} has it too`, "correct one of the two"));
    }
    seen.set(key, other ?? path);
  };
  servers.forEach((server, index) => {
    take("server", server.server_id, `server_list[${index}].server_id`);
    devicesOf(server).forEach((device, at) => {
      const path = `server_list[${index}].device[${at}]`;
      take(`device of ${index}`, device.device_id, `${path}.device_id`);
      take("ip", device.device_ip, `${path}.device_ip`);
      take(`port of ${index}`, device.host_port, `${path}.host_port`);
      take("rank", device.rank_id, `${path}.rank_id`);
    });
  });
  return problems;
}

/** Ranks cover 0 to N-1, and those of one server lie together. */
function rankProblems(servers: readonly Json[]): readonly RankTableProblem[] {
  const ranks = servers.map((server) => devicesOf(server).map(({ rank_id: rank }) => Number(rank)));
  const all = ranks.flat().sort((a, b) => a - b);
  const gap = all.findIndex((rank, index) => rank !== index);
  if (gap >= 0) {
    const allowed = `must be 0 to ${all.length - 1} without a gap, ${gap} is missing`;
    return [problem("server_list", `ranks ${all.join(", ")}`, allowed, "number them anew")];
  }
  return ranks.flatMap((own, index) => {
    const lowest = Math.min(...own);
    const highest = Math.max(...own);
    return highest - lowest === own.length - 1
      ? []
      : [
          problem(
            `server_list[${index}].device`,
            `ranks ${own.join(", ")}`,
            "must lie together: ranks of two servers must not interleave",
            "number the devices server by server",
          ),
        ];
  });
}

function podProblems(table: Json, servers: readonly Json[]): readonly RankTableProblem[] {
  const list = table.super_pod_list;
  if (table.version !== "1.2") {
    return list === undefined
      ? []
      : [problem("super_pod_list", list, "must not be there with version 1.0", "use version 1.2")];
  }
  if (!Array.isArray(list) || list.length === 0) {
    return [
      problem("super_pod_list", list, "must list the super pods with version 1.2", "add it, or use 1.0"),
    ];
  }
  const pods = list.filter(isObject);
  const members = pods.map((pod) => (Array.isArray(pod.server_list) ? pod.server_list.filter(isObject) : []));
  const named = members.flat().map(({ server_id: id }) => String(id));
  const ids = servers.map(({ server_id: id }) => String(id));
  const problems = [];
  if (named.join("\n") !== ids.join("\n")) {
    const allowed = `must hold every server once, pod by pod, in the order of server_list: ${ids.join(", ")}`;
    problems.push(problem("super_pod_list", named.join(", "), allowed, "put the servers of a pod together"));
  }
  if (new Set(pods.map(({ super_pod_id: id }) => id)).size < pods.length) {
    const shown = pods.map(({ super_pod_id: id }) => String(id)).join(", ");
    problems.push(
      problem("super_pod_list", shown, "must have unique ids", "put the servers of a pod together"),
    );
  }
  return [...problems, ...superDeviceProblems(servers, members, pods.length > 1)];
}

/** An SDID is unique in its super pod; it may come again in another. */
function superDeviceProblems(
  servers: readonly Json[],
  members: readonly (readonly Json[])[],
  severalPods: boolean,
): readonly RankTableProblem[] {
  const seen = new Map<string, string>();
  return servers.flatMap((server, index) => {
    const pod = members.findIndex((list) => list.some(({ server_id: id }) => id === server.server_id));
    return devicesOf(server).flatMap((device, at) => {
      const path = `server_list[${index}].device[${at}]`;
      const id = device.super_device_id;
      const other = seen.get(`${pod} ${String(id)}`);
      seen.set(`${pod} ${String(id)}`, path);
      if (typeof id !== "string" || id === "") {
        return [
          problem(`${path}.super_device_id`, id, "must be text with version 1.2", "take the SDID of npu-smi"),
        ];
      }
      if (other !== undefined) {
        const allowed = `must be unique in its super pod, ${other} has it too`;
        return [
          problem(`${path}.super_device_id`, id, allowed, "correct the Server Index of one of the servers"),
        ];
      }
      return severalPods && device.device_ip === undefined
        ? [
            problem(
              `${path}.device_ip`,
              undefined,
              "must be given with several super pods",
              "take it from hccn_tool",
            ),
          ]
        : [];
    });
  });
}

function devicesOf(server: Json): readonly Json[] {
  return Array.isArray(server.device) ? server.device.filter(isObject) : [];
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** As every reader of the table compares: not by locale. */
function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function problem(path: string, got: unknown, allowed: string, fix: string): RankTableProblem {
  const shown = got === undefined ? "nothing" : typeof got === "string" ? `'${got}'` : JSON.stringify(got);
  return { path, got: shown.length > 80 ? `${shown.slice(0, 77)}...` : shown, allowed, fix };
}
