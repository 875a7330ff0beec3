/** Attributes that hold a map: everything else that is an object is a block. */
const MAPS = new Set(["input", "parameters", "tags", "triggers_replace"]);

/** What no check looks at, and what JSON writes as text and HCL does not. */
const LEFT_OUT = new Set(["//", "depends_on", "lifecycle", "provisioner"]);

interface Json {
  readonly [name: string]: any;
}

/**
 * A synthesized stack in Terraform's own syntax, for readers that look into blocks only there (in JSON they take a
 * block for an attribute). Text is the same template in both.
 */
export function hclOf(stack: Json): string {
  const labelled = (block: string) =>
    Object.entries<Json>(stack[block] ?? {}).flatMap(([type, named]) =>
      Object.entries<Json>(named).map(
        ([name, body]) => `${block} ${quoted(type)} ${quoted(name)} ${braced(body)}`,
      ),
    );
  const variables = Object.entries<Json>(stack.variable ?? {}).map(
    // Its type is a word in HCL, and follows from the default.
    ([name, body]) => `variable ${quoted(name)} ${braced({ default: body.default })}`,
  );
  const locals = Object.entries(stack.locals ?? {}).map(
    ([name, value]) => `  ${name} = ${expression(value)}\n`,
  );
  return [...variables, `locals {\n${locals.join("")}}`, ...labelled("data"), ...labelled("resource")].join(
    "\n\n",
  );
}

function braced(body: Json): string {
  return `{\n${Object.entries(body).map(line).join("")}}`;
}

function line([name, value]: [string, unknown]): string {
  if (LEFT_OUT.has(name)) {
    return "";
  }
  if (!MAPS.has(name) && isBlock(value)) {
    return [value]
      .flat()
      .map((body) => `${name} ${braced(body)}\n`)
      .join("");
  }
  return `${name} = ${expression(value)}\n`;
}

function isBlock(value: unknown): value is Json | Json[] {
  const [first] = [value].flat();
  return typeof first === "object" && first !== null;
}

function expression(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map(expression).join(", ")}]`;
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([key, item]) => `${quoted(key)} = ${expression(item)}`);
    return `{ ${entries.join(", ")} }`;
  }
  return typeof value === "string" ? quoted(value) : String(value);
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
