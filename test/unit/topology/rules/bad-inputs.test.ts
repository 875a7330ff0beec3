import { PlanError } from "../../../../lib/problems/plan-error";
import { planCluster } from "../../../../lib/topology/planner";
import { RULE_TOPICS } from "../../../../lib/topology/rules";
import { emulatedProps, hostsPlace, localPlace, machineProps } from "../../../support/clusters";
import { BAD_ASCEND_INPUTS } from "./bad-ascend-inputs";
import { BAD_ENGINES } from "./bad-engines";
import { BAD_IMAGES } from "./bad-images";
import { BAD_MODELS } from "./bad-models";
import { BAD_INPUTS as BAD_BASICS, type BadInput } from "./bad-inputs";

const BAD_INPUTS = [...BAD_BASICS, ...BAD_ENGINES, ...BAD_MODELS, ...BAD_IMAGES, ...BAD_ASCEND_INPUTS];

function plan({ props, place, machines }: Omit<BadInput, "line">) {
  return machines
    ? planCluster(machineProps(props), hostsPlace(place))
    : planCluster(emulatedProps(props), localPlace(place));
}

function messageOf(input: Omit<BadInput, "line">): string {
  try {
    plan(input);
  } catch (error) {
    if (error instanceof PlanError) {
      return error.message;
    }
    throw error;
  }
  return "planned";
}

test.each(BAD_INPUTS)("$line", (input) => {
  const name = input.props?.name ?? (input.machines ? "llama-405b" : "local-2x8");
  expect(messageOf(input)).toBe(`cannot plan cluster '${name}': 1 problem\n  - ${input.line}`);
});

test("every rule of level error has an input that breaks it", () => {
  const broken = new Set(BAD_INPUTS.map(({ line }) => /\[(RC\d{3})\]/.exec(line)?.[1]));
  const rules = RULE_TOPICS.flatMap((topic) => topic.rules).filter((rule) => rule.level === "error");
  expect(rules.map((rule) => rule.id).filter((id) => !broken.has(id))).toEqual([]);
});

test("several mistakes are all listed, in the order of their paths", () => {
  const message = messageOf({
    props: {
      name: "Two",
      environment: { HCCL_BUFFSIZE: "0", HF_TOKEN: "hf_x" },
      ports: { gcs: 8265 },
      stopTimeoutSeconds: 0,
    },
    place: { addresses: { npu: ["10.89.28.10", "10.1.1.1"] } },
  });
  expect(message.split("\n").map((line) => line.replace(/\]:.*/, "]"))).toEqual([
    "cannot plan cluster 'Two': 6 problems",
    "  - backend.addresses.npu[1] [RC022]",
    "  - environment.HCCL_BUFFSIZE [RC048]",
    "  - environment.HF_TOKEN [RC047]",
    "  - name [RC001]",
    "  - ports.gcs [RC031]",
    "  - stopTimeoutSeconds [RC080]",
  ]);
});

test("indices are ordered as numbers", () => {
  const list = Array.from({ length: 11 }, (_, index) => ({
    name: `p${index}`,
    nodes: [2, 10].includes(index) ? 0 : 1,
  }));
  const [first] = emulatedProps().pools;
  const message = messageOf({ props: { pools: [first, ...list.slice(1)] } });
  expect(
    message
      .split("\n")
      .slice(1)
      .map((line) => line.split(" ")[3]),
  ).toEqual(["pools[2].nodes", "pools[10].nodes"]);
});

test("problems of the place are listed with those of the declaration", () => {
  const problem = {
    rule: "RC110",
    level: "error",
    path: "backend.apiPort",
    got: "0",
    allowed: "must be a port",
    fix: "choose one",
  } as const;
  const message = messageOf({ props: { name: "Two" }, place: { problems: [problem] } });
  expect(message).toContain(
    "2 problems\n  - backend.apiPort [RC110]: must be a port, got 0; choose one\n  - name [RC001]",
  );
});

test("no secret is repeated in an error", () => {
  const secret = "hf_oBZSvABfmYsg";
  for (const name of ["HF_TOKEN", "RAY_AUTH_TOKEN", "OPENAI_API_KEY", "DB_PASSWORD"]) {
    expect(messageOf({ props: { environment: { [name]: secret } } })).not.toContain(secret);
  }
});

test.each(["TOKENIZERS_PARALLELISM", "HF_TOKEN_PATH", "VLLM_MAX_TOKENS_PER_STEP", "MONKEY"])(
  "%s holds no secret by its name",
  (name) => {
    expect(messageOf({ props: { environment: { [name]: "x" } } })).toBe("planned");
  },
);
