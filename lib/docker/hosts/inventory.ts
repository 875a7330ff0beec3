import { readFileSync } from "node:fs";
import { relative } from "node:path";
import type * as Yaml from "yaml";
import type { Node } from "yaml";
import type { Problem } from "../../problems/problem";
import { didYouMean, show } from "../../problems/text";
import type { HostMachine } from "./host-machine";

/** What an inventory file says of all machines. Nothing in here has been judged but names and kinds of values. */
export interface Inventory {
  /** As a person names the file. */
  readonly file: string;
  readonly subnetCidr?: string;
  readonly sshUser?: string;
  readonly sshPort?: number;
  readonly sshOptions?: readonly string[];
  readonly hosts: readonly HostMachine[];
  /** What cannot be read, with its line. */
  readonly problems: readonly Problem[];
  /** Line of a property, e.g. `hosts[1].address`; of what holds it, where it is absent. */
  readonly lines: ReadonlyMap<string, number>;
}

type Kind = "text" | "number" | "list of texts";

const OF_ALL: { readonly [name: string]: Kind } = {
  subnetCidr: "text",
  sshUser: "text",
  sshPort: "number",
  sshOptions: "list of texts",
};
const OF_A_HOST: { readonly [name in keyof HostMachine]-?: Kind } = {
  name: "text",
  sshHost: "text",
  sshUser: "text",
  sshPort: "number",
  sshOptions: "list of texts",
  address: "text",
  architecture: "text",
  acceleratorCount: "number",
  deviceIps: "list of texts",
  driverPaths: "list of texts",
  pool: "text",
};
const NEEDED: readonly (keyof HostMachine)[] = ["name", "sshHost", "address"];

/** Loaded with the first inventory: an import would cost every program without one a part of its start. */
function yaml(): typeof Yaml {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- see above
  return require("yaml") as typeof Yaml;
}

/** Reads an inventory. Whatever is wrong with it is a problem with its line, never an exception. */
export function readInventory(path: string): Inventory {
  const file = relative(process.cwd(), path) || path;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error);
    const fix = "name the file relative to the folder of cdktf.json, or write it";
    const problem = finding(file, undefined, "", { got, allowed: "must be a file that can be read", fix });
    return { file, hosts: [], problems: [problem], lines: new Map() };
  }
  return new Reader(file, text).read();
}

/** `hosts[1].address (machines.yaml:14)`: the place of a problem in the file. */
function placeInFile({ file, lines }: Pick<Inventory, "file" | "lines">, path: string): string {
  let key = path;
  while (key !== "" && !lines.has(key)) {
    key = key.replace(/(\.[^.[\]]+|\[\d+\]|^[^.[\]]+)$/, "");
  }
  return `${path} (${file}:${lines.get(key) ?? 1})`;
}

/** The file's own problems, and those that were found in what it says, each with its line. */
export function locatedProblems(inventory: Inventory, found: readonly Problem[]): readonly Problem[] {
  // A file that cannot be read has no machines: that is one problem.
  const isEmpty = inventory.hosts.length === 0 && inventory.problems.length > 0;
  return [
    ...inventory.problems,
    ...(isEmpty ? [] : found).map((problem) => ({
      ...problem,
      path: `backend.${placeInFile(inventory, problem.path)}`,
    })),
  ];
}

class Reader {
  private readonly counter = new (yaml().LineCounter)();
  private readonly lines = new Map<string, number>();
  private readonly problems: Problem[] = [];

  public constructor(
    private readonly file: string,
    private readonly text: string,
  ) {}

  public read(): Inventory {
    const document = yaml().parseDocument(this.text, { lineCounter: this.counter, prettyErrors: false });
    for (const error of document.errors) {
      const { line } = this.counter.linePos(error.pos[0]);
      const advice = { got: error.message, allowed: "must be YAML", fix: "correct the line" };
      this.problems.push(finding(this.file, line, "", advice));
    }
    if (this.problems.length > 0) {
      return this.result({}, []);
    }
    const names = { ...OF_ALL, hosts: "list of texts" as const };
    const pairs = this.pairs(document.contents, "", names);
    const values = this.values(pairs, "", OF_ALL, []);
    return this.result(values, this.hosts(pairs.get("hosts")));
  }

  private result(values: object, hosts: readonly HostMachine[]): Inventory {
    return { file: this.file, ...values, hosts, problems: this.problems, lines: this.lines };
  }

  private hosts(node: Node | undefined): HostMachine[] {
    if (!yaml().isSeq(node)) {
      this.report("hosts", node, "must be a list of machines", "write `hosts:` and one `- name: ...` each");
      return [];
    }
    return node.items.map((item, index) => {
      const path = `hosts[${index}]`;
      const pairs = this.pairs(item as Node, path, OF_A_HOST);
      // What is absent or no text is reported; the rest is judged all the same.
      return this.values(pairs, path, OF_A_HOST, NEEDED) as unknown as HostMachine;
    });
  }

  /** Values of a map by their names; names that nobody knows are reported. */
  private pairs(node: Node | null, path: string, known: object): Map<string, Node> {
    const pairs = new Map<string, Node>();
    this.note(path, node);
    if (!yaml().isMap(node)) {
      this.report(path, node, "must hold names and values", "write `name: value` lines");
      return pairs;
    }
    for (const { key, value } of node.items) {
      const name = String(yaml().isScalar(key) ? key.value : key);
      const at = join(path, name);
      this.note(at, key as Node);
      if (Object.hasOwn(known, name)) {
        pairs.set(name, value as Node);
      } else {
        const names = Object.keys(known);
        this.report(
          at,
          key as Node,
          `must be one of ${names.join(", ")}`,
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
      const at = join(path, name);
      if (node === undefined) {
        if (needed.includes(name)) {
          this.report(at, undefined, "must be given", `add \`${name}: ...\``);
        }
        continue;
      }
      const value = valueOf(node, kind);
      if (value === undefined) {
        const quoted = kind === "text" ? "put it in quotes" : "write it as such";
        this.report(at, node, `must be a ${kind}`, quoted);
      }
      values[name] = value;
    }
    return values;
  }

  private note(path: string, node: Node | null | undefined): void {
    if (node?.range) {
      this.lines.set(path, this.counter.linePos(node.range[0]).line);
    }
  }

  private report(path: string, node: Node | null | undefined, allowed: string, fix: string): void {
    const got = yaml().isScalar(node)
      ? show(node.value)
      : node
        ? yaml().isSeq(node)
          ? "a list"
          : "names and values"
        : "nothing";
    const place = placeInFile({ file: this.file, lines: this.lines }, path);
    this.problems.push({ rule: "RC300", level: "error", path: `backend.${place}`, got, allowed, fix });
  }
}

function valueOf(node: Node, kind: Kind): string | number | readonly string[] | undefined {
  if (kind === "list of texts") {
    const items = yaml().isSeq(node)
      ? node.items.map((item) => (yaml().isScalar(item) ? item.value : undefined))
      : [undefined];
    return items.every((item) => typeof item === "string") ? items : undefined;
  }
  const value = yaml().isScalar(node) ? node.value : undefined;
  if (kind === "text") {
    return typeof value === "string" ? value : undefined;
  }
  return typeof value === "number" ? value : undefined;
}

function finding(
  file: string,
  line: number | undefined,
  path: string,
  advice: Pick<Problem, "got" | "allowed" | "fix">,
): Problem {
  const place = line === undefined ? file : `${file}:${line}`;
  return { rule: "RC300", level: "error", path: `backend.inventory${path} (${place})`, ...advice };
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
