import type { App, TerraformStack } from "cdktf";
import { Lmdeploy2x8H100 } from "../../stacks/lmdeploy-2x8-h100";
import { Rehearsal2x1L4 } from "../../stacks/rehearsal-2x1-l4";
import { Vllm405b4x8B300 } from "../../stacks/vllm-405b-4x8-b300";
import { Vllm405b4x8H100 } from "../../stacks/vllm-405b-4x8-h100";
import { Synthesized } from "./synth";

/** A stack of this repository on EC2, and what it must be. */
export interface AwsStack {
  readonly name: string;
  readonly Stack: new (app: App, id: string) => TerraformStack;
  readonly instanceType: string;
  readonly nodes: number;
  readonly interfaces: number;
  readonly efaDevices: number;
  /** Price list of 20 July 2026, us-east-1, times the machines. */
  readonly usdPerHour: number;
  /** Variables of the missing inputs. */
  readonly inputs: readonly string[];
  /** Terraform's name of the file system's resource. */
  readonly storage: string;
}

const PLACE = ["region", "availability_zone", "max_usd_per_hour"];

export const AWS_STACKS: readonly AwsStack[] = [
  {
    name: "lmdeploy-2x8-h100",
    Stack: Lmdeploy2x8H100,
    instanceType: "p5.48xlarge",
    nodes: 2,
    interfaces: 33,
    efaDevices: 32,
    usdPerHour: 110.08,
    inputs: PLACE,
    storage: "aws_efs_file_system",
  },
  {
    name: "rehearsal-2x1-l4",
    Stack: Rehearsal2x1L4,
    instanceType: "g6.2xlarge",
    nodes: 2,
    interfaces: 1,
    efaDevices: 0,
    usdPerHour: 1.96,
    inputs: PLACE,
    storage: "aws_efs_file_system",
  },
  {
    name: "vllm-405b-4x8-b300",
    Stack: Vllm405b4x8B300,
    instanceType: "p6-b300.48xlarge",
    nodes: 4,
    interfaces: 17,
    efaDevices: 16,
    usdPerHour: 569.67,
    inputs: [...PLACE, "model_token_secret_arn"],
    storage: "aws_fsx_lustre_file_system",
  },
  {
    name: "vllm-405b-4x8-h100",
    Stack: Vllm405b4x8H100,
    instanceType: "p5.48xlarge",
    nodes: 4,
    interfaces: 33,
    efaDevices: 32,
    usdPerHour: 220.16,
    inputs: [...PLACE, "model_token_secret_arn"],
    storage: "aws_fsx_lustre_file_system",
  },
];

/** Inputs as in `cdktf.json`. */
export const INPUTS = {
  region: "us-east-1",
  availabilityZone: "us-east-1a",
  modelTokenSecretArn: "arn:aws:secretsmanager:us-east-1:111122223333:secret:hf-token-AbCdEf",
  maxUsdPerHour: 1000,
};

/**
 * The stack as `cdktf synth` makes it, without any input unless some are given.
 *
 * @param change what is done to the stack before it is written
 */
export function synthesize(
  { name, Stack }: AwsStack,
  inputs?: object,
  change: (stack: TerraformStack) => void = () => undefined,
): Synthesized {
  return Synthesized.app((app) => {
    if (inputs !== undefined) {
      app.node.setContext("aws", { [name]: inputs });
    }
    change(new Stack(app, name));
  }, name);
}
