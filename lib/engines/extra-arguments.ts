import type { EngineFlags } from "../catalog/engine-flags";
import { unless } from "../problems/checks";
import { errorRule, type Topic, warningRule } from "../problems/rule";
import { didYouMean, show } from "../problems/text";
import { fullName, givenFlags, type GivenFlag } from "./given-flags";

/** A flag of an engine that a property sets, with all of its names. */
export interface OwnedFlag {
  readonly names: readonly string[];
  /** Property to use instead; `undefined`: the cluster decides it. */
  readonly property?: string;
  /** The flag counts as the property does, as long as the property is left out. */
  readonly eitherWay?: boolean;
}

/** Extra arguments of the user, and the flags that are set already. */
export interface ExtraArguments {
  readonly given: readonly string[];
  readonly owned: readonly OwnedFlag[];
  /** Properties that are set. */
  readonly properties?: readonly string[];
  /** Flags of the engine's version; `undefined`: the version is not known. */
  readonly flags?: EngineFlags;
  /** Version that the flags are of. */
  readonly version?: string;
}

export const EXTRA_ARGUMENTS_TOPIC: Topic<ExtraArguments, unknown> = {
  title: "Further arguments of an engine",
  rules: [
    errorRule("RC603", {
      title: "Extra arguments repeat no property",
      why: "Which of the two holds depends on their order, and checks read the property.",
      check: (given) =>
        ownedFlags(given).map(({ path, got, property, eitherWay }) =>
          unless(property === undefined || (eitherWay === true && !given.properties?.includes(property)), {
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
    errorRule("RC605", {
      title: "Extra arguments are flags of the engine's version",
      why: "The engine refuses to start with a flag that it does not know.",
      check: (given) =>
        unknownFlags(given).map(({ path, got, name, flags }) => ({
          path,
          got,
          must: `be a flag of version ${given.version}`,
          fix: didYouMean(name, [...flags.keys()], "remove it, or use an image with a version that has it"),
        })),
    }),
    warningRule("RC606", {
      title: "The engine's settings are arguments, not a file of the node",
      why: "Whether the model fits depends on settings that a file on the node may change.",
      check: ({ given }) =>
        givenFlags(given)
          .filter(({ name }) => name === "--config")
          .map(({ index, written }) => ({
            path: `engine.extraArguments[${index}]`,
            got: show(written),
            consequence: "may set what no check has seen",
            fix: "write the settings of the file as arguments",
          })),
    }),
  ],
};

function ownedFlags({ given, owned, flags = new Map() }: ExtraArguments) {
  return givenFlags(given).flatMap((flag) => {
    const name = fullName(flag.name, flags);
    const owner = owned.find(({ names }) => names.includes(name));
    return owner === undefined ? [] : [{ ...owner, ...placeOf(flag) }];
  });
}

function unknownFlags({ given, owned, flags }: ExtraArguments) {
  if (flags === undefined) {
    return [];
  }
  const names = [...flags.keys(), ...owned.flatMap((flag) => flag.names)];
  return givenFlags(given).flatMap((flag) => {
    // `-O3` is the level of compilation in one word; a beginning that fits several flags is left to the engine.
    const isKnown = names.some((name) => name.startsWith(flag.name)) || flag.name.startsWith("-O");
    return isKnown ? [] : [{ ...placeOf(flag), name: flag.name, flags }];
  });
}

function placeOf({ index, written }: GivenFlag) {
  return { path: `engine.extraArguments[${index}]`, got: show(written) };
}
