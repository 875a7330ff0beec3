import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type RankTableInput,
  rankTableInputProblems,
  rankTableText,
} from "../../../../lib/topology/ascend/rank-table";
import { rankTableProblems } from "../../../../lib/topology/ascend/rank-table-rules";
import { schemaProblems } from "./rank-table-schema";

const FOLDER = join(__dirname, "../../../fixtures/rank-tables");
const read = (name: string): unknown => JSON.parse(readFileSync(join(FOLDER, name), "utf8"));
const GOOD = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".input.json"))
  .map((name) => name.replace(".input.json", ""));

interface Device {
  readonly device_id: string;
  readonly rank_id: string;
  readonly device_ip: string;
}
interface Table {
  readonly server_list: readonly { readonly server_id: string; readonly device: readonly Device[] }[];
  readonly super_pod_list?: readonly unknown[];
}

describe.each(GOOD)("%s", (name) => {
  const input = read(`${name}.input.json`) as RankTableInput;

  test("is the file that the tests of both languages read", () => {
    const path = join(FOLDER, `${name}.json`);
    if (process.env.UPDATE_GOLDEN) {
      writeFileSync(path, rankTableText(input));
    }
    expect(rankTableText(input)).toBe(readFileSync(path, "utf8"));
  });

  test("is what HCCL's documentation allows", () => {
    const table: unknown = JSON.parse(rankTableText(input));
    expect(schemaProblems(table)).toEqual([]);
    expect(rankTableProblems(table)).toEqual([]);
  });

  test("numbers the devices server by server and keeps every address", () => {
    const table = JSON.parse(rankTableText(input)) as Table;
    const devices = table.server_list.flatMap(({ device }) => device);
    expect(devices.map(({ rank_id: rank }) => Number(rank))).toEqual(devices.map((_, index) => index));
    expect(devices.map(({ device_ip: ip }) => ip)).toEqual(
      input.servers.flatMap(({ devices: given }) => given.map(({ ip }) => ip)),
    );
  });
});

test("the tables are those of the boards: 2 x 8, 4 x 8, 2 x 16, 4 x 16 ranks", () => {
  const ranks = GOOD.map((name) => {
    const table = read(`${name}.json`) as Table;
    return [name, table.server_list.map(({ device }) => device.length), table.super_pod_list?.length];
  });
  expect(ranks).toEqual([
    ["2x16-a3", [16, 16], 1],
    ["2x8-a2", [8, 8], undefined],
    ["4x16-a3-two-pods", [16, 16, 16, 16], 2],
    ["4x8-a2-ipv6", [8, 8, 8, 8], undefined],
  ]);
});

interface BadInput {
  readonly name: string;
  readonly from: string;
  readonly change: { readonly [path: string]: unknown };
  readonly path: string;
  readonly allowed: string;
}
const BAD = read("bad-inputs.json") as readonly BadInput[];

/** A copy with `{"servers.0.devices.1.ip": ...}` set; `null` removes the key. */
function changed(value: unknown, change: { readonly [path: string]: unknown }): unknown {
  const result: unknown = JSON.parse(JSON.stringify(value));
  for (const [path, item] of Object.entries(change)) {
    const keys = path.split(".");
    const last = keys.pop() ?? "";
    const parent = keys.reduce((at, key) => (at as { [key: string]: unknown })[key], result);
    if (item === null) {
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete
      delete (parent as { [key: string]: unknown })[last];
    } else {
      (parent as { [key: string]: unknown })[last] = item;
    }
  }
  return result;
}

test.each(BAD)("refuses $name", ({ from, change, path, allowed }) => {
  const input = changed(read(`${from}.input.json`), change) as RankTableInput;
  const [first] = rankTableInputProblems(input);
  expect(first).toMatchObject({ path });
  expect(first?.allowed).toContain(allowed);
  expect(first?.fix).toMatch(/\S/);
  expect(() => rankTableText(input)).toThrow("no rank table can be made");
});

const BAD_TABLES = read("bad-tables.json") as readonly BadInput[];

test.each(BAD_TABLES)("a finished table: refuses $name", ({ from, change, path, allowed }) => {
  const problems = rankTableProblems(changed(read(`${from}.json`), change));
  expect(problems.map((problem) => problem.path)).toContain(path);
  expect(problems.find((problem) => problem.path === path)?.allowed).toContain(allowed);
});

test.each([[], null, "x", {}, { server_list: [] }, { server_list: {} }])("refuses %j", (value) => {
  expect(rankTableProblems(value).map(({ path }) => path)).toEqual(["server_list"]);
});

test("the schema refuses what is not in the documentation", () => {
  const table = read("2x8-a2.json");
  expect(schemaProblems(changed(table, { "server_list.0.device.0.rank_id": 0 }))).toEqual([
    ".server_list[0].device[0].rank_id is 0",
  ]);
  expect(schemaProblems(changed(table, { server_count: null }))).toEqual([".server_count is missing"]);
  expect(schemaProblems(changed(table, { group_list: [] }))).toEqual([
    ".group_list is not in the documentation",
  ]);
});

test("every size of cluster gives a table that holds to the rules and to the documentation", () => {
  for (let count = 1; count <= 64; count += 7) {
    for (const devices of [1, 2, 8, 16]) {
      const servers = Array.from({ length: count }, (_, server) => ({
        id: `10.20.30.${100 + server}`,
        devices: Array.from({ length: devices }, (_, id) => ({ id, ip: `10.${server}.0.${id}` })),
      }));
      const table: unknown = JSON.parse(rankTableText({ version: "1.0", devicePort: 16666, servers }));
      expect([rankTableProblems(table), schemaProblems(table)]).toEqual([[], []]);
      expect(JSON.stringify(table).match(/"rank_id"/g)).toHaveLength(count * devices);
    }
  }
});
