import type { Construct } from "constructs";
import { Vllm405b4x8H100 } from "./vllm-405b-4x8-h100";

/** The same on machines with eight B300: network interfaces, devices, machine image and price follow from the type. */
export class Vllm405b4x8B300 extends Vllm405b4x8H100 {
  public constructor(scope: Construct, id: string) {
    super(scope, id, "p6-b300.48xlarge");
  }
}
