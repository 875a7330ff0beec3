import { join } from "node:path";
import { problemText } from "../../../../lib/problems/plan-error";
import type { Problem } from "../../../../lib/problems/problem";
import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import type { NodePool } from "../../../../lib/topology/declaration/cluster-props";
import { ContainerImage } from "../../../../lib/topology/declaration/container-image";
import { Fabric } from "../../../../lib/topology/declaration/fabric";
import type { ImageSourceProps } from "../../../../lib/topology/declaration/image-source";
import { HostPathStorage } from "../../../../lib/topology/declaration/storage";
import { judgeCluster } from "../../../../lib/topology/planner";
import { TOPOLOGY_TOPICS } from "../../../../lib/topology/rules";
import { emulatedProps, hostsPlace, localPlace, machineProps } from "../../../support/clusters";
import { expectGolden } from "../../../support/golden";
import { BAD_ASCEND } from "./bad/ascend";
import { type BadInput, npu, pools } from "./bad/bad-input";
import { BAD_CONTAINER_EXTRAS } from "./bad/container-extras";
import { BAD_ENGINE } from "./bad/engine";
import { BAD_ENGINES } from "./bad/engines";
import { BAD_ENVIRONMENT } from "./bad/environment";
import { BAD_FABRIC } from "./bad/fabric";
import { BAD_IMAGE } from "./bad/image";
import { BAD_MODELS } from "./bad/models";
import { BAD_NAMES } from "./bad/names";
import { BAD_NETWORK } from "./bad/network";
import { BAD_POOLS } from "./bad/pools";
import { BAD_PORTS } from "./bad/ports";
import { BAD_IMAGE_SOURCES, GOOD_SOURCE } from "./bad/image-sources";
import { BAD_PYTHON_PACKAGES } from "./bad/python-packages";
import { BAD_SECRETS } from "./bad/secrets";
import { BAD_STORAGE } from "./bad/storage";
import { BAD_TIMEOUTS } from "./bad/timeouts";
import { RISKY_INPUTS } from "./bad/warnings";

const BAD_INPUTS = [
  ...BAD_NAMES,
  ...BAD_POOLS,
  ...BAD_NETWORK,
  ...BAD_PORTS,
  ...BAD_ENVIRONMENT,
  ...BAD_IMAGE,
  ...BAD_ENGINE,
  ...BAD_ENGINES,
  ...BAD_TIMEOUTS,
  ...BAD_FABRIC,
  ...BAD_MODELS,
  ...BAD_STORAGE,
  ...BAD_SECRETS,
  ...BAD_CONTAINER_EXTRAS,
  ...BAD_PYTHON_PACKAGES,
  ...BAD_IMAGE_SOURCES,
  ...BAD_ASCEND,
  ...RISKY_INPUTS,
];

type Declaration = Pick<BadInput, "props" | "place" | "machines">;

function problemsOf({ props, place, machines }: Declaration): readonly Problem[] {
  const { problems } = machines
    ? judgeCluster(machineProps(props), hostsPlace(place))
    : judgeCluster(emulatedProps(props), localPlace(place));
  return problems;
}

/** A problem as a list item; its table of choices as code, so that the columns stay. */
function sentences(problem: Problem): string {
  const [sentence, ...choices] = problemText(problem).trim().split("\n");
  return [sentence, ...(choices.length > 0 ? ["", ...choices, ""] : [])].join("\n");
}

const rules = TOPOLOGY_TOPICS.flatMap((topic) => topic.rules);

test("every row of the tables names a rule", () => {
  const ids = rules.map(({ id }) => id);
  expect(BAD_INPUTS.filter(({ rule }) => !ids.includes(rule))).toEqual([]);
});

describe.each(TOPOLOGY_TOPICS.map((topic) => [topic.title, topic] as const))("%s", (title, topic) => {
  const rows = topic.rules.flatMap(({ id, level }) =>
    BAD_INPUTS.filter(({ rule }) => rule === id).map((row) => ({ ...row, level })),
  );

  test.each(rows)(
    "$rule reports $path with $got",
    ({ rule, path, got, level, also = [], ...declaration }) => {
      // An error is looked at alone: what it breaks may also be risky.
      const problems = problemsOf(declaration).filter(
        (problem) => level === "warning" || problem.level === "error",
      );
      const expected = [{ rule, level, path, got }, ...also.map((id) => ({ rule: id }))];
      // They are sorted by path.
      const found = [
        ...problems.filter((one) => one.rule === rule),
        ...problems.filter((one) => one.rule !== rule),
      ];
      expect(found).toEqual(expected.map((problem) => expect.objectContaining(problem)));
    },
  );

  test("every rule has an input that breaks it", () => {
    const broken = rows.map(({ rule }) => rule);
    expect(topic.rules.map(({ id }) => id).filter((id) => !broken.includes(id))).toEqual([]);
  });

  test("sentences are those of the golden page", () => {
    const lines = rows.flatMap((row) =>
      problemsOf(row)
        .filter(({ rule }) => rule === row.rule)
        .map((problem) => `- ${sentences(problem)}\n`),
    );
    const file = `${title.toLowerCase().replace(/\W+/g, "-")}.md`;
    expectGolden(join(__dirname, "golden", file), `# ${title}\n\n${lines.join("")}`);
  });
});

test.each([
  ["2.58.0", true],
  ["2.54.0", true],
  ["2.51.2", true],
  ["2.47.1", true],
  ["2.53.0", false],
])("Ray %s with internodeTls %s keeps its metrics", (rayVersion, internodeTls) => {
  const image = ContainerImage.of("a:1", { rayVersion });
  const ids = problemsOf({ props: { image, internodeTls } }).map(({ rule }) => rule);
  expect(ids.filter((id) => id === "RC195")).toEqual([]);
});

describe("chosen devices", () => {
  const gpus = (change: Partial<NodePool>) => ({
    pools: [{ name: "gpu", nodes: 4, accelerator: Accelerator.H100, ...change }],
  });

  test.each<[string, Declaration]>([
    ["the second half of a machine", { machines: true, props: gpus({ devices: [4, 5, 6, 7] }) }],
    ["any order", { machines: true, props: gpus({ devices: [7, 0] }) }],
    ["a number of accelerators that agrees", { props: pools(npu({ devices: [0, 1, 2, 3, 4, 5, 6, 7] })) }],
    [
      "chips of two cores",
      {
        machines: true,
        props: gpus({ accelerator: Accelerator.TRAINIUM, devices: [8, 9], acceleratorsPerNode: 4 }),
      },
    ],
    ["devices of emulated accelerators", { props: pools(npu({ acceleratorsPerNode: 2, devices: [4, 5] })) }],
  ])("are planned: %s", (_, declaration) => {
    const ids = problemsOf(declaration).map(({ rule }) => rule);
    expect(ids.filter((id) => ["RC004", "RC005", "RC006", "RC012"].includes(id))).toEqual([]);
  });
});

describe("several problems", () => {
  const brokenRules = (declaration: Declaration) =>
    problemsOf(declaration).map(({ path, rule }) => `${path} [${rule}]`);

  test("are all listed, in the order of their paths", () => {
    expect(
      brokenRules({
        props: {
          name: "Two",
          environment: { HCCL_BUFFSIZE: "0", HF_TOKEN: "hf_x" },
          ports: { gcs: 8265 },
          stopTimeoutSeconds: 0,
        },
        place: { addresses: { npu: ["10.89.28.10", "10.1.1.1"] } },
      }),
    ).toEqual([
      "backend.addresses.npu[1] [RC022]",
      "environment.HCCL_BUFFSIZE [RC048]",
      "environment.HF_TOKEN [RC047]",
      "name [RC001]",
      "ports.gcs [RC031]",
      "stopTimeoutSeconds [RC080]",
    ]);
  });

  test("are ordered by their indices as numbers", () => {
    const [first] = emulatedProps().pools;
    const others = Array.from({ length: 10 }, (_, index) => ({
      name: `p${index + 1}`,
      nodes: [1, 9].includes(index) ? 0 : 1,
    }));
    expect(brokenRules({ props: { pools: [first, ...others] } })).toEqual([
      "pools[2].nodes [RC011]",
      "pools[10].nodes [RC011]",
    ]);
  });

  test.each(["error", "warning"] as const)("include an %s of the place", (level) => {
    const problem: Problem = { rule: "RC999", level, path: "backend.apiPort", got: "0", fix: "choose one" };
    const { problems } = judgeCluster(emulatedProps({ name: "Two" }), localPlace(), [problem]);
    expect(problems.map(({ rule }) => rule)).toEqual(["RC999", "RC001"]);
  });
});

describe("secrets", () => {
  const secret = "hf_oBZSvABfmYsg";

  test.each([
    ["HF_TOKEN", { environment: { HF_TOKEN: secret } }],
    ["RAY_AUTH_TOKEN", { environment: { RAY_AUTH_TOKEN: secret } }],
    ["DB_PASSWORD with a line break", { environment: { DB_PASSWORD: `${secret}\n` } }],
    [
      "OPENAI_API_KEY set twice",
      { environment: { OPENAI_API_KEY: secret }, driverEnvironment: { OPENAI_API_KEY: secret } },
    ],
  ])("%s is reported without its value", (_, props) => {
    const problems = problemsOf({ props });
    expect(problems).not.toEqual([]);
    expect(JSON.stringify(problems)).not.toContain(secret);
  });

  test.each(["TOKENIZERS_PARALLELISM", "HF_TOKEN_PATH", "VLLM_MAX_TOKENS_PER_STEP", "MONKEY"])(
    "%s is not taken for one",
    (name) => {
      expect(problemsOf({ props: { environment: { [name]: "x" } } })).toEqual([]);
    },
  );
});

test.each<Partial<ImageSourceProps>>([
  {},
  { repository: "http://10.0.0.1:3000/a/b.git" },
  { repository: "git://example.org/~me/roll" },
  { commit: "A".repeat(40) },
  { commit: "0".repeat(64) },
  { requirements: undefined },
  { requirements: "python/requirements-gpu+cu12.txt" },
  { folder: "/ROLL" },
  { folder: "/opt/roll" },
  { folder: "/usr/local/src/roll" },
  { keep: [] },
  { keep: ["flash_attn", "vllm"] },
  { gitCredentialsFile: "~/.git-credentials" },
])("a source of an image with %j causes no problem", (change) => {
  const image = ContainerImage.withSource(ContainerImage.of("a:1"), { ...GOOD_SOURCE, ...change });
  const storage = [HostPathStorage.perNode("/data", { mountPath: "/workspace-data" })];
  expect(problemsOf({ props: { image, storage } })).toEqual([]);
});

test("one node on TCP, and machines with a digest, cause no warning", () => {
  const [gpus] = machineProps().pools;
  const one = { pools: [{ ...gpus, nodes: 1 }], fabric: Fabric.TCP };
  expect(problemsOf({ machines: true, props: one, place: { addresses: { gpu: ["10.20.0.1"] } } })).toEqual(
    [],
  );
  expect(problemsOf({ machines: true })).toEqual([]);
});
