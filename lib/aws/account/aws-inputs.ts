import { Fn, Op, TerraformStack, TerraformVariable, Token } from "cdktf";
import { Construct } from "constructs";
import { PlanCheck } from "../../terraform/plan-check";
import { didYouMean } from "../../problems/text";
import { Capacity } from "../pool/capacity";

/** Context of `cdktf.json` with one object for each stack. */
const CONTEXT_KEY = "aws";

interface Input {
  readonly type: "string" | "number";
  /** As a person asks for it. */
  readonly what: string;
  readonly example: string;
  /** @default - whatever is not empty */
  readonly pattern?: RegExp;
}

const INPUTS = {
  region: { type: "string", what: "the region", example: "us-east-1" },
  availabilityZone: { type: "string", what: "the zone of all machines", example: "us-east-1a" },
  capacityReservationId: {
    type: "string",
    what: "the On-Demand Capacity Reservation that the machines come from",
    example: "cr-0123456789abcdef0",
    pattern: /^cr-/,
  },
  capacityBlockId: {
    type: "string",
    what: "the Capacity Block that the machines come from",
    example: "cr-0123456789abcdef0",
    pattern: /^cr-/,
  },
  modelTokenSecretArn: {
    type: "string",
    what: "the secret of AWS Secrets Manager that holds the model hub's token",
    example: "arn:aws:secretsmanager:us-east-1:111122223333:secret:hf-token-AbCdEf",
    pattern: /^arn:aws[a-z-]*:secretsmanager:/,
  },
  consentUsdPerHour: { type: "number", what: "the price per hour that you agree to, in USD", example: "250" },
} as const satisfies { readonly [name: string]: Input };

type InputName = keyof typeof INPUTS;

/**
 * What only the user of a stack knows. `cdktf.json` holds it, by the stack's name:
 *
 * ```json
 * "context": { "aws": { "llama": { "region": "us-east-1", "availabilityZone": "us-east-1a", "consentUsdPerHour": 250 } } }
 * ```
 *
 * What it lacks is a Terraform variable (`availability_zone`), to be given by `--var`. A stack synthesizes without
 * any of it; `plan` and `deploy` stop before anything is made, and say what to set and where.
 */
export class AwsInputs extends Construct {
  /**
   * The inputs of the stack of a scope.
   *
   * @throws Error where the context has something that is no input
   */
  public static fromContext(scope: Construct): AwsInputs {
    return new AwsInputs(scope, "aws-inputs");
  }

  private readonly stackName: string;
  private readonly given: { readonly [name: string]: unknown };
  private readonly variables = new Map<InputName, TerraformVariable>();
  private check?: PlanCheck;

  private constructor(scope: Construct, id: string) {
    super(scope, id);
    this.stackName = TerraformStack.of(this).node.id;
    this.given = contextOf(this, this.stackName);
  }

  /** Region of everything, for the provider. */
  public get region(): string {
    return this.text("region");
  }

  /** Zone of all machines. */
  public get availabilityZone(): string {
    return this.text("availabilityZone");
  }

  /** What the user agrees to pay for the machines, each hour; for `AwsBackend`, which compares it with their price. */
  public get consentUsdPerHour(): number {
    const given = this.given.consentUsdPerHour;
    // Without a value it is 0, which no machine costs: the backend says so together with the price.
    return typeof given === "number" ? given : this.variable("consentUsdPerHour").numberValue;
  }

  /** ARN of the secret with the token of the model's hub. */
  public get modelTokenSecretArn(): string {
    return this.text("modelTokenSecretArn");
  }

  /** Out of the Capacity Block or the reservation that is named, else on demand. */
  public get capacity(): Capacity {
    const { capacityBlockId, capacityReservationId } = this.given;
    if (typeof capacityBlockId === "string") {
      return Capacity.capacityBlock(capacityBlockId);
    }
    return typeof capacityReservationId === "string"
      ? Capacity.reservation(capacityReservationId)
      : Capacity.onDemand();
  }

  private text(name: InputName): string {
    const given = this.given[name];
    return typeof given === "string" ? given : this.variable(name).stringValue;
  }

  /** The same variable however often it is asked for. */
  private variable(name: InputName): TerraformVariable {
    const known = this.variables.get(name);
    if (known !== undefined) {
      return known;
    }
    const { type, what, example } = INPUTS[name];
    const option = variableName(name);
    const variable = new TerraformVariable(this, option, {
      type,
      description: `${upperFirst(what)}, e.g. ${example}`,
      // Without a default Terraform would ask, or say less than the check below.
      default: type === "string" ? "" : 0,
    });
    variable.overrideLogicalId(option);
    this.variables.set(name, variable);
    if (type === "string") {
      this.require(name, variable);
    }
    return variable;
  }

  private require(name: InputName, variable: TerraformVariable): void {
    const { what, example } = INPUTS[name];
    this.check ??= new PlanCheck(this, "check");
    this.check.require(
      Token.asString(Op.gte(Fn.lengthOf(variable.stringValue), 1)),
      `Nobody has named ${what}. ${whereToSet(this.stackName, name, JSON.stringify(example), example)}`,
    );
  }
}

/** The sentence that ends every refusal: what to write where. */
export function whereToSet(stackName: string, name: InputName, json: string, value: string): string {
  return (
    `Set "${name}" in cdktf.json, e.g. "context": { "aws": { "${stackName}": { "${name}": ${json} } } }, ` +
    `or pass --var ${variableName(name)}=${value}.`
  );
}

function variableName(name: InputName): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function contextOf(scope: Construct, stackName: string): { readonly [name: string]: unknown } {
  const all: unknown = scope.node.tryGetContext(CONTEXT_KEY);
  const own = isRecord(all) ? (all[stackName] ?? {}) : {};
  const where = `context "${CONTEXT_KEY}" of cdktf.json, stack '${stackName}'`;
  if ((all !== undefined && !isRecord(all)) || !isRecord(own)) {
    throw new Error(
      `${where}: must be an object for each stack, e.g. { "${stackName}": { "region": "us-east-1" } }`,
    );
  }
  for (const [name, value] of Object.entries(own)) {
    requireInput(where, name, value);
  }
  return own;
}

function requireInput(where: string, name: string, value: unknown): void {
  const names = Object.keys(INPUTS);
  if (!isInputName(name)) {
    throw new Error(
      `${where}: there is no input '${name}'; ${didYouMean(name, names, `use ${names.join(", ")}`)}`,
    );
  }
  const input: Input = INPUTS[name];
  const isRight =
    input.type === "number"
      ? typeof value === "number" && Number.isFinite(value)
      : typeof value === "string" && (input.pattern ?? /./).test(value);
  if (!isRight) {
    throw new Error(`${where}: '${name}' is ${input.what}, a ${input.type} such as ${input.example}`);
  }
}

function isInputName(name: string): name is InputName {
  return Object.hasOwn(INPUTS, name);
}

function isRecord(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
