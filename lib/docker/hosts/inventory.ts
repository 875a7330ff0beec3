import { readFileSync } from "node:fs";
import { relative } from "node:path";
import type * as Yaml from "yaml";
import type { Node } from "yaml";
import type { ErrorFinding } from "../../problems/rule";
import { didYouMean, show } from "../../problems/text";
import { type HostMachine, type MachineDraft, withDefaults } from "./host-machine";

/** What is wrong with a file before its values are judged, by rule. */
export type InventoryFindings = {
  readonly [kind in "file" | "syntax" | "kind" | "name" | "missing"]: readonly ErrorFinding[];
};

/** The content of an inventory file as far as it can be read. */
export interface Inventory {
  /** Path of the file, as messages show it. */
  readonly file: string;
  readonly subnetCidr?: string;
  readonly sshUser?: string;
  readonly sshPort?: number;
  readonly sshOptions?: readonly string[];
  readonly hosts: readonly Partial<HostMachine>[];
  readonly findings: InventoryFindings;
  /** Whether nothing could be read at all. */
  readonly isUnreadable: boolean;
  /** `backend.hosts[1].address (machines.yaml:14)`: a property with its line, or that of its parent. */
  locate(path: string): string;
}

interface Fields {
  readonly [name: string]: unknown;
}
type Kind = "string" | "number" | "list of strings" | "list of machines";

const A_MAP = "be a map of names to values";
const A_MAP_FIX = "write `name: value` lines";
const FIXES: { readonly [kind in Kind]: string } = {
  string: "put it in quotes",
  number: "write it without quotes",
  "list of strings": 'write it as a list, e.g. `["a", "b"]`',
  "list of machines": "write `hosts:` and one `- name: ...` each",
};

const OF_ALL: { readonly [name: string]: Kind } = {
  subnetCidr: "string",
  sshUser: "string",
  sshPort: "number",
  sshOptions: "list of strings",
  hosts: "list of machines",
};
const OF_A_HOST: { readonly [name in keyof HostMachine]-?: Kind } = {
  name: "string",
  sshHost: "string",
  sshUser: "string",
  sshPort: "number",
  sshOptions: "list of strings",
  address: "string",
  architecture: "string",
  acceleratorCount: "number",
  deviceIps: "list of strings",
  driverPaths: "list of strings",
  pool: "string",
  status: "string",
};
const NEEDED: readonly (keyof HostMachine)[] = ["name", "sshHost", "address"];

/** Loaded with the first inventory: an import would slow down the start of every program without one. */
function yaml(): typeof Yaml {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- see above
  return require("yaml") as typeof Yaml;
}

/** Reads an inventory. Whatever is wrong with it is a finding, never an exception. */
export function readInventory(path: string): Inventory {
  const file = relative(process.cwd(), path) || path;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    return unreadable(file, "file", {
      got: (error as Error).message,
      must: "be a file that can be read",
      fix: "give its path relative to the folder of cdktf.json",
    });
  }
  const lines = new (yaml().LineCounter)();
  const document = yaml().parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    const place = `${file}:${lines.linePos(error.pos[0]).line}`;
    return unreadable(
      file,
      "syntax",
      { got: error.message, must: "be YAML", fix: "correct the line" },
      place,
    );
  }
  let content: unknown;
  try {
    content = document.toJS();
  } catch (error) {
    const got = (error as Error).message;
    return unreadable(file, "syntax", { got, must: "be YAML", fix: "give the alias an anchor before it" });
  }
  if (!isMap(content)) {
    return unreadable(file, "kind", { got: described(content), must: A_MAP, fix: A_MAP_FIX });
  }
  const findings = noFindings();
  const { hosts = [], ...values } = valuesOf(content, "backend", OF_ALL, [], findings);
  return {
    ...values,
    file,
    hosts: (hosts as readonly unknown[]).map((host, index) => hostOf(host, index, findings)),
    findings,
    isUnreadable: false,
    locate: (property) => located(property, file, document, lines),
  };
}

function unreadable(
  file: string,
  kind: keyof InventoryFindings,
  finding: Omit<ErrorFinding, "path">,
  place = file,
): Inventory {
  const findings = { ...noFindings(), [kind]: [{ path: "backend.inventory", ...finding }] };
  return { file, hosts: [], findings, isUnreadable: true, locate: (property) => `${property} (${place})` };
}

/** The machines with the defaults of the file. */
export function machinesOf(inventory: Inventory): readonly MachineDraft[] {
  return inventory.hosts.map((host) => withDefaults(host, inventory));
}

type Collected = { readonly [kind in keyof InventoryFindings]: ErrorFinding[] };

function noFindings(): Collected {
  return { file: [], syntax: [], kind: [], name: [], missing: [] };
}

function hostOf(host: unknown, index: number, findings: Collected): Partial<HostMachine> {
  const path = `backend.hosts[${index}]`;
  if (isMap(host)) {
    return valuesOf(host, path, OF_A_HOST, NEEDED, findings);
  }
  findings.kind.push({ path, got: described(host), must: A_MAP, fix: A_MAP_FIX });
  return {};
}

/** What in a map is of its kind; notes everything else. */
function valuesOf(
  map: Fields,
  path: string,
  kinds: { readonly [name: string]: Kind },
  needed: readonly string[],
  findings: Collected,
): Fields {
  const names = Object.keys(kinds);
  for (const name of Object.keys(map).filter((given) => !names.includes(given))) {
    const fix = didYouMean(name, names, "remove it");
    findings.name.push({
      path: `${path}.${name}`,
      got: show(name),
      must: `be one of ${names.join(", ")}`,
      fix,
    });
  }
  const values: { [name: string]: unknown } = {};
  for (const [name, kind] of Object.entries(kinds)) {
    const value = map[name];
    const found = { path: `${path}.${name}`, got: described(value) };
    if (isOfKind(value, kind)) {
      values[name] = value;
    } else if (value !== undefined || name === "hosts") {
      findings.kind.push({ ...found, must: `be a ${kind}`, fix: FIXES[kind] });
    } else if (needed.includes(name)) {
      findings.missing.push({ ...found, must: "be given", fix: `add \`${name}: ...\`` });
    }
  }
  return values;
}

function isOfKind(value: unknown, kind: Kind): boolean {
  if (kind === "list of strings") {
    return Array.isArray(value) && value.every((item) => typeof item === "string");
  }
  return kind === "list of machines" ? Array.isArray(value) : typeof value === kind;
}

function isMap(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function described(value: unknown): string {
  return Array.isArray(value) ? "a list" : isMap(value) ? "a map" : show(value ?? undefined);
}

/** The property with its line in the file, or that of its parent; what no inventory has stays as it is. */
function located(property: string, file: string, document: Yaml.Document, lines: Yaml.LineCounter): string {
  const [root, ...keys] = property.split(/[.[\]]+/).filter((key) => key !== "");
  const isOfFile = keys[0] in OF_ALL || keys[0] === "inventory" || nodeAt(document, keys) !== undefined;
  if (root !== "backend" || !isOfFile) {
    return property;
  }
  const [node] = [...keys.keys(), keys.length]
    .reverse()
    .flatMap((depth) => nodeAt(document, keys.slice(0, depth)) ?? []);
  return `${property} (${node?.range ? `${file}:${lines.linePos(node.range[0]).line}` : file})`;
}

/** The key of a property, or the item of a list. */
function nodeAt(document: Yaml.Document, keys: readonly string[]): Node | undefined {
  const parent = document.getIn(keys.slice(0, -1), true);
  const last = keys.at(-1);
  if (last === undefined) {
    return document.contents ?? undefined;
  }
  if (yaml().isMap(parent)) {
    return parent.items.map(({ key }) => key as Node).find((key) => String(key) === last);
  }
  return yaml().isSeq(parent) ? (parent.get(Number(last), true) as Node | undefined) : undefined;
}
