import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, isAbsolute, join, normalize, sep } from "node:path";
import { TerraformStack } from "cdktf";
import type { IConstruct } from "constructs";
import { fileContent } from "./encode";

/** A text, or a function that makes it when everything of the stack is declared. */
type Content = string | (() => string);

const filesOfStack = new WeakMap<TerraformStack, Map<string, Content>>();

/**
 * Writes a file beside the stack's JSON at every synth. Resources refer to it by its relative path.
 *
 * @param path relative to the folder of the stack's JSON, with `/`
 * @param content a text, or what makes it at the synth
 * @throws EncodingError if the content has a token; Error for a path outside the folder, or one that already has
 * different content
 */
export function addStackFile(scope: IConstruct, path: string, content: Content): void {
  const files = filesOf(TerraformStack.of(scope));
  const inside = insideFolder(path);
  const text = typeof content === "string" ? fileContent(content, `file ${path}`) : content;
  const present = files.get(inside);
  if (present !== undefined && present !== text) {
    throw new Error(`file '${path}' of a stack is added twice with different content`);
  }
  files.set(inside, text);
}

function insideFolder(path: string): string {
  const inside = normalize(path);
  if (isAbsolute(inside) || inside === ".." || inside.startsWith(`..${sep}`)) {
    throw new Error(
      `the path of a stack's file must be relative and inside the stack's folder, got '${path}'`,
    );
  }
  return inside;
}

function filesOf(stack: TerraformStack): Map<string, Content> {
  let files = filesOfStack.get(stack);
  if (files === undefined) {
    files = new Map();
    filesOfStack.set(stack, files);
    writeAfterSynthesis(stack, files);
  }
  return files;
}

/** CDKTF has no hook for further files, but lets the synthesizer be replaced; this one wraps the present one. */
function writeAfterSynthesis(stack: TerraformStack, files: ReadonlyMap<string, Content>): void {
  const inner = stack.synthesizer;
  stack.synthesizer = {
    synthesize(session) {
      inner.synthesize(session);
      const folder = join(session.outdir, session.manifest.forStack(stack).workingDirectory);
      for (const [path, content] of files) {
        const file = join(folder, path);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, typeof content === "string" ? content : fileContent(content(), `file ${path}`));
      }
    },
  };
}
