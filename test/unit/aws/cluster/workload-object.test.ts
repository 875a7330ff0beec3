import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { TerraformVariable } from "cdktf";
import { WorkloadObject } from "../../../../lib/aws/cluster/workload-object";
import { containerSpec } from "../../../../lib/runtime/container-spec/make-container-spec";
import { contentHash } from "../../../../lib/runtime/content-hash";
import type { ClusterPlan } from "../../../../lib/topology/plan/plan";
import { Synthesized } from "../../../support/synth";
import { MACHINES } from "../../bootstrap/support";

const STORE = { bucket: "store", prefix: "workloads/" };

const withArgument = (argument: string): ClusterPlan => ({
  ...MACHINES,
  engine: { ...MACHINES.engine, argv: [...MACHINES.engine.argv, argument] },
});

/** The object that a stack makes of a plan. */
function objectOf(planOf: (late: string) => ClusterPlan) {
  let number = "";
  const stack = Synthesized.of((scope) => {
    new AwsProvider(scope, "aws", { region: "us-east-1" });
    const late = new TerraformVariable(scope, "late", { type: "string" }).stringValue;
    number = new WorkloadObject(scope, "workload", STORE, planOf(late)).number;
  });
  const [object] = Object.values(stack.resources("aws_s3_object"));
  const locals = Object.values<string>(stack.json.locals ?? {});
  stack.remove();
  return { object, number, locals };
}

describe("the object of a workload", () => {
  it("is named by the number of its content, from which every reader finds it out", () => {
    const { object, number } = objectOf(() => withArgument("a ${b} %{c}"));
    expect(object).toMatchObject({ bucket: "store", key: `workloads/${number}.json` });
    const content = (object.content as string).replaceAll("$${", "${").replaceAll("%%{", "%{");
    expect(contentHash(content)).toBe(number);
    expect(JSON.parse(content).engine.argv.at(-1)).toBe("a ${b} %{c}");
  });

  it("has another number for another workload, and not for another node", () => {
    const numberOf = (plan: ClusterPlan) => objectOf(() => plan).number;
    expect(numberOf(withArgument("--x"))).not.toBe(numberOf(MACHINES));
    const { environment } = MACHINES;
    const node: ClusterPlan = { ...MACHINES, environment: { ...environment, cluster: { A: "1" } } };
    expect(containerSpec(node, node.nodes[0])).not.toEqual(containerSpec(MACHINES, MACHINES.nodes[0]));
    expect(numberOf(node)).toBe(numberOf(MACHINES));
  });

  it("of values that are known only at apply is numbered by Terraform", () => {
    const { object, locals } = objectOf((late) => withArgument(late));
    expect(object.key).toMatch(/^workloads\/\$\{substr\(sha256\(local\.\S+\), 0, 12\)\}\.json$/);
    expect(object.content).toMatch(/^\$\{local\.\S+\}$/);
    expect(JSON.parse(locals[0]).engine.argv.at(-1)).toBe("${var.late}");
  });
});
