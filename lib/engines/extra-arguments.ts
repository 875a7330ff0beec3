import { unless } from "../problems/checks";
import { errorRule, type Topic } from "../problems/rule";
import { show } from "../problems/text";

/** A flag of an engine that a property sets, with all of its names. */
export interface OwnedFlag {
  readonly names: readonly string[];
  /** Property to use instead; `undefined`: the cluster decides it. */
  readonly property?: string;
}

/** Extra arguments of the user, and the flags that are set already. */
export interface ExtraArguments {
  readonly given: readonly string[];
  readonly owned: readonly OwnedFlag[];
}

export const EXTRA_ARGUMENTS_TOPIC: Topic<ExtraArguments, unknown> = {
  title: "Further arguments of an engine",
  rules: [
    errorRule("RC603", {
      title: "Extra arguments repeat no property",
      why: "Which of the two holds depends on their order, and checks read the property.",
      check: (given) =>
        ownedFlags(given).map(({ path, got, property }) =>
          unless(property === undefined, {
            path,
            got,
            must: `be set by the property '${property}'`,
            fix: `use '${property}'`,
          }),
        ),
    }),
    errorRule("RC604", {
      title: "Extra arguments set nothing that follows from the cluster",
      why: "The engine would not find its other nodes, or would run on other ones than planned.",
      check: (given) =>
        ownedFlags(given).map(({ path, got, property }) =>
          unless(property !== undefined, { path, got, must: "be left to the cluster", fix: "remove it" }),
        ),
    }),
  ],
};

function ownedFlags({ given, owned }: ExtraArguments) {
  return given.flatMap((argument, index) => {
    const flag = flagOf(argument);
    const owner = owned.find(({ names }) => flag !== undefined && names.includes(flag));
    return owner === undefined
      ? []
      : [{ path: `engine.extraArguments[${index}]`, got: show(argument), property: owner.property }];
  });
}

/** `--tensor_parallel_size=8` is `--tensor-parallel-size`; `undefined` for anything but a flag. */
function flagOf(argument: string): string | undefined {
  const [name] = argument.split("=");
  return /^--?[A-Za-z]/.test(name) ? name.replaceAll("_", "-") : undefined;
}
