/** Other names of the parts of a module's name, by the name that we give them. */
const ALIASES: { readonly [part: string]: readonly string[] | undefined } = {
  mlp: ["block_sparse_moe", "ffn", "feed_forward", "moe", "mixer"],
  self_attn: ["attn", "attention", "mixer"],
  linear_attn: ["self_attn", "attention", "mixer"],
  shared_experts: ["shared_expert", "share_expert", "shared_mlp"],
  gate_proj: ["w1"],
  up_proj: ["w3"],
  down_proj: ["w2"],
};

/** What stands before `layers.` in the names of a model's files, which quantizers and engines call differently. */
const BEFORE_LAYERS = /^(?:[a-z_]+\.)*?(?=layers\.)/;

interface Matcher {
  readonly literals: ReadonlySet<string>;
  readonly prefixes: readonly string[];
  readonly expressions: readonly RegExp[];
  /** By name: each matrix of a model is asked for several times. */
  readonly answers: Map<string, boolean>;
}

const matchers = new WeakMap<readonly string[], Matcher>();

/**
 * Whether one of the patterns of a quantization names a module.
 *
 * @param name as in the safetensors files, without `.weight`
 * @param patterns a name or a part of it between dots, a glob, or `re:` and an expression
 */
export function matchesModule(name: string, patterns: readonly string[]): boolean {
  if (patterns.length === 0) {
    return false;
  }
  const matcher = matchers.get(patterns) ?? compile(patterns);
  matchers.set(patterns, matcher);
  const answer = matcher.answers.get(name) ?? matches(name, matcher);
  matcher.answers.set(name, answer);
  return answer;
}

function matches(name: string, { literals, prefixes, expressions }: Matcher): boolean {
  return variantsOf(name).some(
    (variant) =>
      (literals.size > 0 && partsOf(variant).some((part) => literals.has(part))) ||
      prefixes.some((prefix) => variant.startsWith(prefix)) ||
      expressions.some((expression) => expression.test(variant) || expression.test(`model.${variant}`)),
  );
}

function compile(patterns: readonly string[]): Matcher {
  const literals = new Set<string>();
  const prefixes: string[] = [];
  const expressions: RegExp[] = [];
  for (const pattern of patterns) {
    const short = pattern.replace(BEFORE_LAYERS, "");
    if (pattern.startsWith("re:")) {
      expressions.push(new RegExp(`^(?:${pattern.slice(3)})`));
    } else if (!short.includes("*")) {
      literals.add(short);
    } else if (short.startsWith("layers.") && short.indexOf("*") === short.length - 1) {
      prefixes.push(short.slice(0, -1));
    } else {
      const parts = short.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
      expressions.push(new RegExp(`^${parts.join(".*")}(?:\\.|$)`));
    }
  }
  return { literals, prefixes, expressions, answers: new Map() };
}

function variantsOf(name: string): readonly string[] {
  return name
    .replace(BEFORE_LAYERS, "")
    .split(".")
    .reduce<readonly string[]>(
      (starts, part) =>
        [part, ...(ALIASES[part] ?? [])].flatMap((each) =>
          starts.map((start) => (start === "" ? each : `${start}.${each}`)),
        ),
      [""],
    );
}

/** All runs of neighbouring parts: `a.b` has `a`, `b` and `a.b`. */
function partsOf(name: string): readonly string[] {
  const parts = name.split(".");
  return parts.flatMap((_, start) =>
    parts.slice(start).map((__, length) => parts.slice(start, start + length + 1).join(".")),
  );
}
