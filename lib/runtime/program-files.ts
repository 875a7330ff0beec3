import * as fs from "node:fs";
import * as path from "node:path";
import type { ClusterPlan } from "../topology/plan/plan";
import type { ContainerFile } from "./container-spec/container-spec";
import { CONTAINER_PATHS } from "./paths";

const PACKAGE = path.join(__dirname, "ray_node");

let program: readonly ContainerFile[] | undefined;

/** The node program. Every container has it, so it is read once. */
export function programFiles(): readonly ContainerFile[] {
  program ??= readProgram();
  return program;
}

function readProgram(): readonly ContainerFile[] {
  const names = fs.readdirSync(PACKAGE, { recursive: true, encoding: "utf8" });
  const programs = names.filter((name) => name.endsWith(".py")).map((name) => name.replaceAll(path.sep, "/"));
  return programs.sort().map((name) => ({
    path: `${CONTAINER_PATHS.program}/ray_node/${name}`,
    content: withoutComments(fs.readFileSync(path.join(PACKAGE, name), "utf8")),
  }));
}

/** A docstring: the first statement of a module, or behind the colon that ends the head of a function or class. */
const DOCSTRING = /(^|:[ \t]*\n(?:[ \t]*\n)*[ \t]+)r?"""[^]*?"""(?=[ \t]*\n)/g;

/** A quarter less for user data, which some providers limit to 256 KiB. Lines keep their numbers. */
function withoutComments(python: string): string {
  return python
    .replace(/^[ \t]*#.*$/gm, "")
    .replace(DOCSTRING, (text, head: string) => `${head}""${text.slice(head.length).replace(/[^\n]+/g, "")}`);
}

/** Programs and data of the engine. */
export function engineFiles(plan: ClusterPlan): readonly ContainerFile[] {
  return plan.engine.files.map((file) => ({
    path: file.path,
    content: fs.readFileSync(file.source, "utf8"),
  }));
}
