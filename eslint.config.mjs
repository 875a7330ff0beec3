import { createTypeScriptImportResolver } from "eslint-import-resolver-typescript";
import importX from "eslint-plugin-import-x";
import tseslint from "typescript-eslint";

/**
 * The folders, in the order in which they may know one another: each imports only from layers above
 * its own in this list. Two places in one layer never import each other.
 */
const LAYERS = [
  ["lib/problems"],
  ["lib/catalog"],
  ["lib/topology"],
  ["lib/engines"],
  ["lib/runtime"],
  ["lib/bootstrap", "lib/review"],
  ["lib/terraform"],
  ["lib/aws", "lib/cloud-init", "lib/docker"],
  ["lib/ray-cluster.ts"],
  ["lib/index.ts"],
  ["lib/cli"],
  ["tools/images"],
  ["stacks"],
  ["main.ts"],
  ["tools/supply"],
  ["tools/demo"],
  ["tools/main.ts"],
];

/** The rooms of a folder, in the same kind of order. Type-only imports obey it, too. */
const ROOMS = {
  "lib/topology": [
    ["model"],
    ["values"],
    ["engine-spec.ts"],
    ["declaration"],
    ["plan"],
    ["rules"],
    ["planner.ts"],
  ],
  "lib/engines": [
    [
      "arguments.ts",
      "extra-arguments.ts",
      "model-folder.ts",
      "nested-settings.ts",
      "served-securely.ts",
      "serving-proof.ts",
    ],
    ["releases"],
    ["custom-serve.ts", "emulated", "lmdeploy", "ray-only.ts", "roll", "vllm"],
  ],
  "lib/docker": [["container"], ["images"], ["hosts", "local"]],
  "lib/aws": [
    ["known.ts", "policy.ts", "service-prices.ts"],
    ["network"],
    ["storage"],
    ["pool"],
    ["account"],
    ["cluster"],
  ],
  "lib/cli": [["base"], ["cluster", "hosts", "images", "review", "rules"], ["main.ts"]],
};

/** Steps over a layer that the order allows and the design does not. */
const FURTHER_ZONES = [
  {
    target: "./lib/ray-cluster.ts",
    from: ["./lib/aws", "./lib/cloud-init", "./lib/docker"],
    message: "RayCluster sees a backend only by its interface, ClusterBackend.",
  },
  {
    target: "./stacks",
    from: "./lib",
    except: ["./index.ts"],
    message: "An example uses the public API only: import from lib/index.",
  },
  { target: "./main.ts", from: "./lib", message: "The app knows its stacks, nothing below them." },
];

/** No cdktf in here: what these hold is plain data and is tested as such. */
const PURE = [
  "lib/problems",
  "lib/catalog",
  "lib/topology",
  "lib/engines",
  "lib/runtime",
  "lib/bootstrap",
  "lib/review",
  "lib/cli",
  "tools",
];

const BARRELS = {
  regex: "^@cdktf/provider-[^/]+(/lib(/index|/lazy-index)?)?$",
  message: "Import a provider class by its deep path: the barrel costs ten times the time and memory.",
};
const CDKTF = {
  regex: "^(cdktf|constructs|@cdktf/.*)(/.*)?$",
  message: "This folder is pure: no cdktf, no constructs, no provider.",
};

/** Each place imports only from the layers before its own; places of one layer do not know each other. */
const zones = (layers, also = []) =>
  layers
    .flatMap((layer, index) =>
      layer.map((place) => {
        const forbidden = [...layer.filter((other) => other !== place), ...layers.slice(index + 1).flat()];
        return {
          target: `./${place}`,
          from: [...forbidden.map((other) => `./${other}`), ...also],
          message: `Imports point the other way: ${place} knows only ${layers.slice(0, index).flat().join(", ") || "itself"}.`,
        };
      }),
    )
    .filter(({ from }) => from.length > 0);

const directionZones = [
  ...zones(LAYERS, ["./test", "./bench"]),
  ...Object.entries(ROOMS).flatMap(([folder, layers]) =>
    zones(layers.map((layer) => layer.map((room) => `${folder}/${room}`))),
  ),
];

export default tseslint.config(
  { ignores: ["dist/", "cdktf.out/", "coverage/", "node_modules/"] },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strict, tseslint.configs.stylistic],
    plugins: { "import-x": importX },
    settings: {
      // Without extensions and parser the rules cannot look into our files, and no-cycle finds nothing.
      ...importX.flatConfigs.typescript.settings,
      "import-x/resolver-next": [createTypeScriptImportResolver({ project: "./tsconfig.json" })],
    },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "import-x/no-restricted-paths": [
        "error",
        { basePath: import.meta.dirname, zones: [...directionZones, ...FURTHER_ZONES] },
      ],
      "import-x/no-cycle": ["error", { ignoreExternal: true }],
      "no-restricted-imports": ["error", { patterns: [BARRELS] }],
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      // A value object or a backend without state is still a class: the public API stays jsii-clean.
      "@typescript-eslint/no-extraneous-class": "off",
      // `{ [name: string]: string }` names its key, a Record does not.
      "@typescript-eslint/consistent-indexed-object-style": "off",
    },
  },
  {
    files: PURE.map((folder) => `${folder}/**/*.ts`),
    rules: { "no-restricted-imports": ["error", { patterns: [BARRELS, CDKTF] }] },
  },
  {
    // Tests read JSON whose shape they are there to prove.
    files: ["test/**/*.ts"],
    rules: { "@typescript-eslint/no-explicit-any": "off", "@typescript-eslint/no-non-null-assertion": "off" },
  },
);
