import { isIP, isIPv4 } from "node:net";
import { type RankTableProblem, rankTableProblems, SERVER_ID_LENGTH } from "./rank-table-rules";

/**
 * `1.0`: servers with devices (A2, 300I Duo, A3 without a super pod). `1.2`: adds the super pods of A3.
 * Documented in mirror-cann/hccl `docs/zh/user_guide/cluster_info_config/rank_table_config_{a2,a3,300i_duo}.md`.
 */
export type RankTableVersion = "1.0" | "1.2";

/** One device as the inventory says or the node found it. */
export interface RankTableDevice {
  /** N of `/dev/davinciN`. */
  readonly id: number;
  /** Address of the NPU's own network interface, IPv4 or IPv6. */
  readonly ip?: string;
  /** SDID of an A3 die. */
  readonly superDeviceId?: string;
}

/** One server, in the order of its ranks. */
export interface RankTableServer {
  /** Unique; the node's address on the cluster network, which is what LMDeploy compares with Ray's. */
  readonly id: string;
  /** IPv4 address of the host; written for A3 only. */
  readonly hostIp?: string;
  /** Physical super pod or a label of one's own; with 1.2 only. */
  readonly superPodId?: string;
  readonly devices: readonly RankTableDevice[];
}

/** What a rank table is made of. `devicePort`: where HCCL listens on every device. */
export interface RankTableInput {
  readonly version: RankTableVersion;
  readonly devicePort: number;
  readonly servers: readonly RankTableServer[];
}

/** Everything that is wrong with what a table is to be made of; empty: `rankTableText` writes it. */
export function rankTableInputProblems(input: RankTableInput): readonly RankTableProblem[] {
  const problems = [
    ...serverCountProblems(input),
    ...serverProblems(input),
    ...input.servers.flatMap((server, index) => deviceProblems(input, server, index)),
  ];
  // What was made is held to the rules of the finished file, too: one checker for given and for gathered tables.
  return problems.length > 0 ? problems : rankTableProblems(build(input));
}

/**
 * The file. The node program writes the same bytes from the same input (`ray_node/hardware/npu/rank_table.py`;
 * `test/fixtures/rank-tables` is read by the tests of both).
 *
 * @throws Error for an input that `rankTableInputProblems` refuses
 */
export function rankTableText(input: RankTableInput): string {
  const problems = rankTableInputProblems(input);
  if (problems.length > 0) {
    const lines = problems.map(({ path, got, allowed, fix }) => `${path}: ${allowed}, got ${got}; ${fix}`);
    throw new Error(`no rank table can be made: ${lines.join("; ")}`);
  }
  return `${JSON.stringify(build(input), null, 2)}\n`;
}

function build({ version, devicePort, servers }: RankTableInput): object {
  let rank = 0;
  const pods = version === "1.2" ? { super_pod_list: superPods(servers) } : {};
  return {
    status: "completed",
    version,
    server_count: String(servers.length),
    server_list: servers.map((server) => ({
      server_id: server.id,
      ...(server.hostIp === undefined ? {} : { host_ip: server.hostIp }),
      device: server.devices.map((device) => ({
        device_id: String(device.id),
        ...(device.superDeviceId === undefined ? {} : { super_device_id: device.superDeviceId }),
        ...(device.ip === undefined ? {} : { device_ip: device.ip, device_port: String(devicePort) }),
        rank_id: String(rank++),
      })),
    })),
    ...pods,
  };
}

function superPods(servers: readonly RankTableServer[]): readonly object[] {
  const ids = [...new Set(servers.map((server) => server.superPodId))];
  return ids.map((id) => ({
    super_pod_id: id,
    server_list: servers
      .filter((server) => server.superPodId === id)
      .map(({ id: server_id }) => ({ server_id })),
  }));
}

function serverCountProblems({ servers }: RankTableInput): readonly RankTableProblem[] {
  return servers.length > 0
    ? []
    : [{ path: "servers", got: "none", allowed: "must be at least one", fix: "name the nodes with NPUs" }];
}

function serverProblems({ version, servers }: RankTableInput): readonly RankTableProblem[] {
  const problems: RankTableProblem[] = [];
  servers.forEach((server, index) => {
    const path = `servers[${index}]`;
    if (server.id === "" || server.id.length > SERVER_ID_LENGTH) {
      problems.push({
        path: `${path}.id`,
        got: `'${server.id}'`,
        allowed: `must have 1 to ${SERVER_ID_LENGTH} characters`,
        fix: "use the node's address",
      });
    }
    if (server.hostIp !== undefined && !isIPv4(server.hostIp)) {
      problems.push({
        path: `${path}.hostIp`,
        got: `'${server.hostIp}'`,
        allowed: "must be an IPv4 address",
        fix: "use the node's address on the cluster network",
      });
    }
    if (version === "1.2" && !server.superPodId) {
      problems.push({
        path: `${path}.superPodId`,
        got: "nothing",
        allowed: "must be given: version 1.2 lists the servers of each super pod",
        fix: "take 'Super Pod ID' of npu-smi info -t spod-info, or version 1.0",
      });
    }
    if (version === "1.0" && server.superPodId !== undefined) {
      problems.push({
        path: `${path}.superPodId`,
        got: `'${server.superPodId}'`,
        allowed: "must not be given: version 1.0 knows no super pods",
        fix: "use version 1.2, or leave it out",
      });
    }
  });
  return problems;
}

function deviceProblems(
  { version, servers }: RankTableInput,
  server: RankTableServer,
  serverIndex: number,
): readonly RankTableProblem[] {
  const several = servers.length > 1;
  const pods = new Set(servers.map(({ superPodId }) => superPodId)).size;
  const at = (index: number, key: string) => `servers[${serverIndex}].devices[${index}].${key}`;
  if (server.devices.length === 0) {
    return [
      {
        path: `servers[${serverIndex}].devices`,
        got: "none",
        allowed: "must be at least one",
        fix: "leave out a server without NPUs",
      },
    ];
  }
  return server.devices.flatMap((device, index): RankTableProblem[] => {
    const problems: RankTableProblem[] = [];
    if (device.id !== index) {
      problems.push({
        path: at(index, "id"),
        got: String(device.id),
        allowed: `must be ${index}: devices count from 0 without a gap`,
        fix: "list them in the order of /dev/davinciN",
      });
    }
    if (device.ip === undefined && ((version === "1.0" && several) || pods > 1)) {
      problems.push({
        path: at(index, "ip"),
        got: "nothing",
        allowed: "must be given where ranks of several servers or super pods meet",
        fix: "take it from hccn_tool -ip -g or from address_N in /etc/hccn.conf",
      });
    }
    if (device.ip !== undefined && isIP(device.ip) === 0) {
      problems.push({
        path: at(index, "ip"),
        got: `'${device.ip}'`,
        allowed: "must be an IPv4 or IPv6 address",
        fix: "take it from hccn_tool -ip -g",
      });
    }
    if (version === "1.2" && !device.superDeviceId) {
      problems.push({
        path: at(index, "superDeviceId"),
        got: "nothing",
        allowed: "must be given with version 1.2 (HCCL says EI0004 without it)",
        fix: "take 'SDID' of npu-smi info -t spod-info",
      });
    }
    if (version === "1.0" && device.superDeviceId !== undefined) {
      problems.push({
        path: at(index, "superDeviceId"),
        got: `'${device.superDeviceId}'`,
        allowed: "must not be given: version 1.0 knows no super pods",
        fix: "use version 1.2, or leave it out",
      });
    }
    return problems;
  });
}
