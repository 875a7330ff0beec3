import { transformSync } from "@swc/core";
import { CloudwatchMetricAlarm } from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { DockerProvider } from "@cdktf/provider-docker/lib/provider";
import * as cdktf from "cdktf";
import * as publicApi from "../../lib";

const NAMES: { readonly [name: string]: unknown } = {
  ...cdktf,
  ...publicApi,
  AwsProvider,
  CloudwatchMetricAlarm,
  DockerProvider,
};

/** Runs an example as the constructor of the stack, with the names that it may use. */
export function runExample(code: string, stack: cdktf.TerraformStack): void {
  const { code: plain } = transformSync(`(function () {\n${code}\n})`, {
    jsc: { parser: { syntax: "typescript" }, target: "es2022" },
  });

  const make = new Function(...Object.keys(NAMES), `return ${plain}`) as (
    ...values: readonly unknown[]
  ) => () => void;
  make(...Object.values(NAMES)).call(stack);
}
