import { join } from "node:path";
import { TerraformResource } from "cdktf";
import { TAGS_TOPIC } from "../../../lib/aws/tag-rules";
import { AwsTags } from "../../../lib/aws/tags";
import { judge } from "../../../lib/problems/rule";
import { buildAwsCluster } from "../../support/aws-clusters";
import { describeRules, type RuleCase } from "./support/rule-cases";
import { Synthesized } from "../../support/synth";

describe("AwsTags", () => {
  const stack = Synthesized.app((app) => {
    const cluster = buildAwsCluster(app, {});
    new TerraformResource(cluster.node.scope!, "other", { terraformResourceType: "other_machine" });
    AwsTags.of(app.node.findChild("llama") as any).add({ team: "ml", Name: "not ours" });
  }, "llama");
  afterAll(() => {
    stack.remove();
  });
  const all = (type: string) => Object.values<any>(stack.resources(type));

  it("tags every resource that can have tags, and keeps its own", () => {
    const tagged = Object.entries<any>(stack.json.resource).flatMap(([type, resources]) =>
      Object.values<any>(resources).map(({ tags }) => [type, tags?.team, tags?.Name]),
    );
    const types = (team: string | undefined) => [
      ...new Set(tagged.filter(([, value]) => value === team).map(([type]) => type)),
    ];
    expect(types("ml")).toEqual(
      expect.arrayContaining([
        ...["aws_instance", "aws_vpc", "aws_subnet", "aws_security_group", "aws_fsx_lustre_file_system"],
        ...["aws_launch_template", "aws_s3_bucket", "aws_secretsmanager_secret", "aws_iam_role"],
      ]),
    );
    expect(types(undefined)).toEqual(expect.arrayContaining(["aws_s3_object", "other_machine"]));
    // What is named keeps its name; what has none gets the one that was asked for.
    expect(all("aws_instance").map(({ tags }) => tags.Name)).toEqual(["llama-gpu-head"]);
  });

  it("tags the machines of the group, their volumes and their interfaces", () => {
    for (const { tag_specifications } of all("aws_launch_template")) {
      expect(tag_specifications.map(({ resource_type, tags }: any) => [resource_type, tags.team])).toEqual([
        ["instance", "ml"],
        ["volume", "ml"],
        ["network-interface", "ml"],
      ]);
    }
    const [{ tag }] = all("aws_autoscaling_group");
    expect(tag).toEqual([
      { key: "Name", value: "llama-gpu", propagate_at_launch: true },
      { key: "team", value: "ml", propagate_at_launch: true },
    ]);
  });
});

const CASES: readonly RuleCase<{ readonly [key: string]: string }>[] = [
  [{ "aws:team": "ml" }, "RC484", "tags", "'aws:team=ml'"],
  [{ "": "ml" }, "RC484", "tags", "'=ml'"],
  [{ ["k".repeat(129)]: "ml" }, "RC484", "tags", `'${"k".repeat(77)}...'`],
  [{ team: "v".repeat(257) }, "RC484", "tags", `'team=${"v".repeat(72)}...'`],
];

describe("rules of tags", () => {
  const check = (tags: { readonly [key: string]: string }) => judge(TAGS_TOPIC, tags, undefined);

  describeRules([TAGS_TOPIC], CASES, check, join(__dirname, "tags.golden.txt"));

  it.each([
    [{ team: "ml" }],
    [{ ["k".repeat(128)]: "v".repeat(256) }],
    [{ team: "" }],
    // A reference is short in a plan, however long what it stands for is.
    [{ owner: "${TfToken[TOKEN.0]}" }],
  ])("accept %j", (tags) => {
    expect(check(tags)).toEqual([]);
  });
});
