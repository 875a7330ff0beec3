import { compileExamples, examplesOf } from "../support/examples";
import { runExample } from "../support/run-example";
import { Synthesized } from "../support/synth";

const EXAMPLES = examplesOf("docs/importing.md");

describe("the examples of docs/importing.md", () => {
  const messages = compileExamples(EXAMPLES.map(({ code }) => code));

  it("are found", () => {
    expect(EXAMPLES).toHaveLength(13);
  });

  it.each(EXAMPLES.map(({ line, code }, index) => [line, index, code] as const))(
    "compile and synthesize: line %i",
    (_, index, code) => {
      expect(messages[index]).toEqual([]);
      const synthesized = Synthesized.of((stack) => {
        runExample(code, stack);
      });
      expect(Object.keys(synthesized.json.resource)).not.toEqual([]);
      synthesized.remove();
    },
  );

  it("has alarms of the head's instance and of the group of the workers", () => {
    const [{ code }] = EXAMPLES.filter((example) => example.code.includes("new CloudwatchMetricAlarm"));
    const stack = Synthesized.of((scope) => {
      runExample(code, scope);
    });
    const [[, group]] = Object.entries(stack.resources("aws_autoscaling_group"));
    expect(group.enabled_metrics).toEqual(["GroupInServiceInstances"]);
    expect(Object.values(stack.resources("aws_cloudwatch_metric_alarm"))).toMatchObject([
      { dimensions: { InstanceId: expect.stringMatching(/^\$\{aws_instance\..*\.id\}$/) } },
      {
        dimensions: {
          AutoScalingGroupName: expect.stringMatching(/^\$\{aws_autoscaling_group\..*\.name\}$/),
        },
        threshold: 1,
      },
    ]);
    stack.remove();
  });
});
