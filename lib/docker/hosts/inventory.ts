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

type Kind = "string" | "number" | "list of strings";

/** Path of the file's properties in a declaration. */
const ROOT = "backend";
const A_MAP = "be a map of names to values";
const FIXES: { readonly [kind in Kind]: string } = {
  string: "put it in quotes",
  number: "write it without quotes",
  "list of strings": 'write it as a list, e.g. `["a", "b"]`',
};

const OF_ALL: { readonly [name: string]: Kind } = {
  subnetCidr: "string",
  sshUser: "string",
  sshPort: "number",
  sshOptions: "list of strings",
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
};
const NEEDED: readonly (keyof HostMachine)[] = ["name", "sshHost", "address"];

/** Loaded with the first inventory: an import would slow down the start of every program without one. */
function yaml(): typeof Yaml {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- see above
  return require("yaml") as typeof Yaml;
}

/** Reads an inventory. Whatever is wrong with it is a finding, never an exception. */
export function readInventory(path: string): Inventory {
  const reader = new Reader(relative(process.cwd(), path) || path);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    return reader.unreadable("file", {
      got: (error as Error).message,
      must: "be a file that can be read",
      fix: "give its path relative to the folder of cdktf.json",
    });
  }
  return reader.read(text);
}

/** The machines with the defaults of the file. */
export function machinesOf(inventory: Inventory): readonly MachineDraft[] {
  return inventory.hosts.map((host) => withDefaults(host, inventory));
}

type Collected = { readonly [kind in keyof InventoryFindings]: ErrorFinding[] };

class Reader {
  private readonly counter = new (yaml().LineCounter)();
  private readonly lines = new Map<string, number>();
  private readonly findings: Collected = { file: [], syntax: [], kind: [], name: [], missing: [] };

  public constructor(private readonly file: string) {}

  public read(text: string): Inventory {
    const document = yaml().parseDocument(text, { lineCounter: this.counter, prettyErrors: false });
    if (document.errors.length > 0) {
      const [error] = document.errors;
      this.lines.set(ROOT, this.counter.linePos(error.pos[0]).line);
      return this.unreadable("syntax", { got: error.message, must: "be YAML", fix: "correct the line" });
    }
    if (!yaml().isMap(document.contents)) {
      const got = described(document.contents);
      return this.unreadable("kind", { got, must: A_MAP, fix: "write `name: value` lines" });
    }
    this.note(ROOT, document.contents);
    const pairs = this.pairs(document.contents, ROOT, { ...OF_ALL, hosts: "list" });
    const values = this.values(pairs, ROOT, OF_ALL, []);
    return this.result({ ...values, hosts: this.hosts(pairs.get("hosts")) }, false);
  }

  public unreadable(kind: "file" | "syntax" | "kind", finding: Omit<ErrorFinding, "path">): Inventory {
    this.findings[kind].push({ path: `${ROOT}.inventory`, ...finding });
    return this.result({ hosts: [] }, true);
  }

  private result(values: Pick<Inventory, "hosts">, isUnreadable: boolean): Inventory {
    const { file, findings } = this;
    return { ...values, file, findings, isUnreadable, locate: (path) => this.locate(path) };
  }

  private locate(path: string): string {
    const [, name] = /^backend\.(\w+)/.exec(path) ?? [];
    if (!["inventory", "hosts", ...Object.keys(OF_ALL)].includes(name) && !this.lines.has(path)) {
      return path;
    }
    let key = path;
    while (key !== "" && !this.lines.has(key)) {
      key = key.replace(/(\.[^.[\]]+|\[\d+\]|^[^.[\]]+)$/, "");
    }
    const line = this.lines.get(key);
    return `${path} (${line === undefined ? this.file : `${this.file}:${line}`})`;
  }

  private hosts(node: Node | undefined): readonly Partial<HostMachine>[] {
    if (!yaml().isSeq(node)) {
      this.report(
        "kind",
        `${ROOT}.hosts`,
        node,
        "be a list of machines",
        "write `hosts:` and one `- name: ...` each",
      );
      return [];
    }
    return node.items.map((item, index) => {
      const path = `${ROOT}.hosts[${index}]`;
      this.note(path, item as Node);
      if (yaml().isMap(item)) {
        return this.values(this.pairs(item as Yaml.YAMLMap, path, OF_A_HOST), path, OF_A_HOST, NEEDED);
      }
      this.report("kind", path, item as Node, A_MAP, "write `name: value` lines");
      return {};
    });
  }

  /** The values of a map by their names; reports unknown names. */
  private pairs(node: Yaml.YAMLMap, path: string, known: object): Map<string, Node> {
    const pairs = new Map<string, Node>();
    for (const { key, value } of node.items) {
      const name = String(yaml().isScalar(key) ? key.value : key);
      const at = `${path}.${name}`;
      this.note(at, key as Node);
      if (Object.hasOwn(known, name)) {
        pairs.set(name, value as Node);
      } else {
        const names = Object.keys(known);
        this.report(
          "name",
          at,
          key as Node,
          `be one of ${names.join(", ")}`,
          didYouMean(name, names, "remove it"),
        );
      }
    }
    return pairs;
  }

  private values(
    pairs: ReadonlyMap<string, Node>,
    path: string,
    kinds: { readonly [name: string]: Kind },
    needed: readonly string[],
  ): { [name: string]: unknown } {
    const values: { [name: string]: unknown } = {};
    for (const [name, kind] of Object.entries(kinds)) {
      const node = pairs.get(name);
      const at = `${path}.${name}`;
      if (node === undefined) {
        if (needed.includes(name)) {
          this.report("missing", at, undefined, "be given", `add \`${name}: ...\``);
        }
        continue;
      }
      const value = valueOf(node, kind);
      if (value === undefined) {
        this.report("kind", at, node, `be a ${kind}`, FIXES[kind]);
      } else {
        values[name] = value;
      }
    }
    return values;
  }

  private note(path: string, node: Node | null | undefined): void {
    if (node?.range) {
      this.lines.set(path, this.counter.linePos(node.range[0]).line);
    }
  }

  private report(
    kind: keyof InventoryFindings,
    path: string,
    node: Node | null | undefined,
    must: string,
    fix: string,
  ): void {
    this.findings[kind].push({ path, got: described(node), must, fix });
  }
}

function described(node: Node | null | undefined): string {
  if (yaml().isScalar(node)) {
    return show(node.value);
  }
  if (!node) {
    return "nothing";
  }
  return yaml().isSeq(node) ? "a list" : "a map";
}

function valueOf(node: Node, kind: Kind): string | number | readonly string[] | undefined {
  if (kind === "list of strings") {
    const items = yaml().isSeq(node)
      ? node.items.map((item) => (yaml().isScalar(item) ? item.value : undefined))
      : [undefined];
    return items.every((item) => typeof item === "string") ? items : undefined;
  }
  const value = yaml().isScalar(node) ? node.value : undefined;
  if (kind === "string") {
    return typeof value === "string" ? value : undefined;
  }
  return typeof value === "number" ? value : undefined;
}
