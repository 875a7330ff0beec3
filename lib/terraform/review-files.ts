import { TerraformResource, TerraformStack, TerraformVariable } from "cdktf";
import type { Construct, IConstruct } from "constructs";
import type { ClusterReview } from "../review/cluster-review";
import { reviewPage } from "../review/page";
import { dot } from "../review/picture/dot";
import { svgOf } from "../review/picture/layout";
import { type PartReview, reviewJson, stackReview, type StackReview } from "../review/stack-review";
import { addStackFile } from "./stack-files";

/** What the constructs of a stack have said so far. */
interface Said {
  readonly clusters: { readonly path: string; readonly review: ClusterReview; readonly details: string }[];
  readonly parts: PartReview[];
  /** Names of variables that have no value yet. */
  readonly missing: string[];
}

const SAID = new WeakMap<TerraformStack, Said>();

/**
 * Puts a cluster into the review of its stack: `review.md`, `review.json` and `review.svg` beside the stack's JSON.
 *
 * @param details further sections as Markdown
 */
export function reviewCluster(scope: Construct, review: ClusterReview, details: string): void {
  saidOf(scope).clusters.push({ path: pathOf(scope), review, details });
}

/** An input without which nothing can be planned. @param variable name of its Terraform variable */
export function reviewMissing(scope: Construct, variable: string): void {
  saidOf(scope).missing.push(variable);
}

/** Puts a pool, a network or a storage into the review of its stack, also where there is no cluster. */
export function reviewPart(scope: Construct, part: Omit<PartReview, "path">): void {
  saidOf(scope).parts.push({ ...part, path: pathOf(scope) });
}

/** Path of a construct in its stack. */
function pathOf(scope: Construct): string {
  const above = TerraformStack.of(scope).node.path.split("/").length;
  return scope.node.path.split("/").slice(above).join("/");
}

function saidOf(scope: Construct): Said {
  const stack = TerraformStack.of(scope);
  let said = SAID.get(stack);
  if (said === undefined) {
    const own: Said = (said = { clusters: [], parts: [], missing: [] });
    SAID.set(stack, own);
    // What the stack makes is known when everything is declared: the files are written last.
    let review: StackReview | undefined;
    const reviewed = () => (review ??= reviewOf(stack, own));
    addStackFile(stack, "review.md", () =>
      shown(
        reviewPage(
          reviewed(),
          own.clusters.map(({ details }) => details),
        ),
      ),
    );
    addStackFile(stack, "review.json", () => shown(reviewJson(reviewed())));
    addStackFile(stack, "review.svg", () => svgOf(shown(dot(reviewed()))));
  }
  return said;
}

function reviewOf(stack: TerraformStack, { clusters, parts, missing }: Said): StackReview {
  const elements = stack.node.findAll();
  const made = new Map<string, number>();
  for (const element of elements) {
    if (TerraformResource.isTerraformResource(element)) {
      const { terraformResourceType: type } = element as TerraformResource;
      made.set(type, (made.get(type) ?? 0) + 1);
    }
  }
  return stackReview({
    stack: stack.node.id,
    missing: [...missing, ...elements.flatMap(withoutDefault)],
    clusters: clusters.map(({ review }) => review),
    // The pools of a cluster are on its own page.
    parts: parts.filter(({ path }) => !clusters.some((cluster) => path.startsWith(`${cluster.path}/`))),
    made: Object.fromEntries([...made].sort(([one], [other]) => (one < other ? -1 : 1))),
  });
}

function withoutDefault(element: IConstruct): readonly string[] {
  return element instanceof TerraformVariable && element.default === undefined
    ? [element.friendlyUniqueId]
    : [];
}

/** What is known only at apply, as a person reads it. */
function shown(text: string): string {
  return text.replace(/\$\{TfToken\[[^\]]*\]\}/g, "(known at apply)");
}
