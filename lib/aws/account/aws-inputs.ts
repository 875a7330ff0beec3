import { Fn, Op, TerraformStack, TerraformVariable, Token } from "cdktf";
import { Construct } from "constructs";
import { unless } from "../../problems/checks";
import { errorRule, judge, type Topic } from "../../problems/rule";
import { didYouMean, show } from "../../problems/text";
import { reportProblems } from "../../terraform/app-problems";
import { PlanCheck } from "../../terraform/plan-check";
import { reviewMissing } from "../../terraform/review-files";
import { Capacity } from "../pool/capacity";

/** Key of the context of `cdktf.json`, with one object for each stack. */
const CONTEXT_KEY = "aws";

interface Input {
  readonly type: "string" | "number";
  readonly what: string;
  readonly example: string;
  /** @default - whatever is not empty */
  readonly pattern?: RegExp;
  /** Whether a wrong value may be a secret. @default false */
  readonly isSensitive?: boolean;
}

const INPUTS = {
  region: { type: "string", what: "AWS region", example: "us-east-1" },
  availabilityZone: {
    type: "string",
    what: "Availability Zone of all machines",
    example: "us-east-1a",
  },
  capacityReservationId: {
    type: "string",
    what: "id of the On-Demand Capacity Reservation to launch the machines in",
    example: "cr-0123456789abcdef0",
    pattern: /^cr-/,
  },
  capacityBlockId: {
    type: "string",
    what: "id of the Capacity Block to launch the machines in",
    example: "cr-0123456789abcdef0",
    pattern: /^cr-/,
  },
  capacityBlockEndsAt: {
    type: "string",
    what: "end of the Capacity Block in UTC",
    example: "2026-12-24T11:30:00Z",
    pattern: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
  },
  modelTokenSecretArn: {
    type: "string",
    what: "ARN of the Secrets Manager secret with the model hub's token",
    example: "arn:aws:secretsmanager:us-east-1:111122223333:secret:hf-token-AbCdEf",
    pattern: /^arn:aws[a-z-]*:secretsmanager:/,
    isSensitive: true,
  },
  maxUsdPerHour: {
    type: "number",
    what: "highest price of the machines that you accept, in USD per hour",
    example: "250",
  },
} as const satisfies { readonly [name: string]: Input };

type InputName = keyof typeof INPUTS;

/** The context of a stack as its rules see it. */
interface InputsSpec {
  readonly stackName: string;
  /** Of all stacks. */
  readonly context: unknown;
}

export const INPUTS_TOPIC: Topic<InputsSpec> = {
  title: "EC2: inputs of a stack",
  rules: [
    errorRule("RC470", {
      title: "The inputs in cdktf.json are an object for each stack",
      why: "Nothing else could be read from it.",
      check: ({ stackName, context }) => {
        const own = isRecord(context) ? context[stackName] : undefined;
        return [
          { path: `context.${CONTEXT_KEY}`, value: context },
          { path: `context.${CONTEXT_KEY}.${stackName}`, value: own },
        ].flatMap(({ path, value }) =>
          unless(value === undefined || isRecord(value), {
            path,
            got: show(value),
            must: "be an object",
            fix: `write e.g. "${CONTEXT_KEY}": { "${stackName}": { "region": "us-east-1" } }`,
          }),
        );
      },
    }),
    errorRule("RC471", {
      title: "Every input in cdktf.json has the name of one",
      why: "It would have no effect.",
      check: (spec) =>
        Object.keys(inputsOf(spec)).flatMap((name) =>
          unless(isInputName(name), {
            path: pathOf(spec, name),
            got: show(name),
            must: "be the name of an input",
            fix: didYouMean(name, Object.keys(INPUTS), `use ${Object.keys(INPUTS).join(", ")}`),
          }),
        ),
    }),
    errorRule("RC472", {
      title: "Every input in cdktf.json has a value of its kind",
      why: "AWS would refuse it in the middle of a deployment.",
      check: (spec) =>
        Object.entries(inputsOf(spec)).flatMap(([name, value]) => {
          const input: Input | undefined = isInputName(name) ? INPUTS[name] : undefined;
          return input === undefined
            ? []
            : unless(isRight(input, value), {
                path: pathOf(spec, name),
                got: input.isSensitive ? "a value that is not shown" : show(value),
                must: `be a ${input.type}: the ${input.what}`,
                fix: `write e.g. ${input.example}`,
              });
        }),
    }),
  ],
};

/**
 * What only the user of a stack knows. `cdktf.json` holds it, by the stack's name:
 *
 * ```json
 * "context": { "aws": { "llama": { "region": "us-east-1", "availabilityZone": "us-east-1a", "maxUsdPerHour": 250 } } }
 * ```
 *
 * An input that is missing there is a Terraform variable (`availability_zone`), set by `--var`, which is refused for one that is there.
 * A stack synthesizes
 * without any of them; `plan` and `deploy` stop before anything is created, and say what to set and where.
 *
 * @example
 * const inputs = AwsInputs.fromContext(this);
 * new AwsProvider(this, "aws", { region: inputs.region });
 */
export class AwsInputs extends Construct {
  /** The inputs of the stack of a scope. */
  public static fromContext(scope: Construct): AwsInputs {
    const present = scope.node.tryFindChild("aws-inputs");
    return present instanceof AwsInputs ? present : new AwsInputs(scope, "aws-inputs");
  }

  private readonly stackName: string;
  private readonly given: { readonly [name: string]: unknown };
  private check?: PlanCheck;

  private constructor(scope: Construct, id: string) {
    super(scope, id);
    this.stackName = TerraformStack.of(this).node.id;
    const spec: InputsSpec = { stackName: this.stackName, context: this.node.tryGetContext(CONTEXT_KEY) };
    reportProblems(this, judge(INPUTS_TOPIC, spec, undefined));
    this.given = inputsOf(spec);
  }

  /** Region of everything, for the provider. */
  public get region(): string {
    return this.text("region");
  }

  /** Availability Zone of all machines. */
  public get availabilityZone(): string {
    return this.text("availabilityZone");
  }

  /** Highest price of the machines that the user accepts, for `AwsBackend`, which compares it with the list price. */
  public get maxUsdPerHour(): number {
    const given = this.given.maxUsdPerHour;
    if (typeof given === "number") {
      this.refuseVariable("maxUsdPerHour");
      return given;
    }
    // Without a value it is 0, which no machine costs: the backend reports it together with the price.
    return this.variable("maxUsdPerHour").numberValue;
  }

  /** ARN of the secret with the token of the model's hub. */
  public get modelTokenSecretArn(): string {
    return this.text("modelTokenSecretArn");
  }

  /** The Capacity Block or the reservation that is named, else on demand. */
  public get capacity(): Capacity {
    const { capacityBlockId, capacityBlockEndsAt, capacityReservationId } = this.given;
    if (typeof capacityBlockId === "string") {
      const endsAt = typeof capacityBlockEndsAt === "string" ? capacityBlockEndsAt : undefined;
      return Capacity.capacityBlock(capacityBlockId, { endsAt });
    }
    return typeof capacityReservationId === "string"
      ? Capacity.reservation(capacityReservationId)
      : Capacity.onDemand();
  }

  private text(name: InputName): string {
    const given = this.given[name];
    if (typeof given === "string") {
      this.refuseVariable(name);
      return given;
    }
    return this.variable(name).stringValue;
  }

  /** Of an input that `cdktf.json` has: `--var` would fail with words that do not say where the value is. */
  private refuseVariable(name: InputName): void {
    const option = variableName(name);
    if (this.node.tryFindChild(option) !== undefined) {
      return;
    }
    const { type, isSensitive }: Input = INPUTS[name];
    const isText = type === "string";
    const variable = new TerraformVariable(this, option, {
      type,
      description: `Not to be set: "${name}" in cdktf.json has the value`,
      default: isText ? "" : 0,
      sensitive: isSensitive,
      validation: [
        {
          condition: `\${var.${option} == ${isText ? '""' : "0"}}`,
          errorMessage:
            `"${name}" has its value in cdktf.json, context.${CONTEXT_KEY}.${this.stackName}. ` +
            `Change it there, or remove it there and pass --var ${option}=<value>.`,
        },
      ],
    });
    variable.overrideLogicalId(option);
  }

  /** The same variable however often it is asked for. */
  private variable(name: InputName): TerraformVariable {
    const option = variableName(name);
    return (this.node.tryFindChild(option) as TerraformVariable | undefined) ?? this.create(name, option);
  }

  private create(name: InputName, option: string): TerraformVariable {
    const { type, what, example } = INPUTS[name];
    const variable = new TerraformVariable(this, option, {
      type,
      description: `${upperFirst(what)}, e.g. ${example}`,
      // Without a default Terraform would prompt for it, or say less than the check below.
      default: type === "string" ? "" : 0,
    });
    variable.overrideLogicalId(option);
    reviewMissing(this, option);
    // The backend judges the price limit, which depends on its machines.
    if (type === "string") {
      this.check ??= new PlanCheck(this, "check");
      this.check.require(
        Token.asString(Op.gte(Fn.lengthOf(variable.stringValue), 1)),
        `Missing input: ${name} (${what}). ${whereToSet(this.stackName, name, example)}`,
      );
    }
    return variable;
  }
}

/** What to write where, as a sentence. */
export function whereToSet(stackName: string, name: InputName, value: string): string {
  const json = INPUTS[name].type === "string" ? JSON.stringify(value) : value;
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

/** Inputs of the stack as far as they are readable. */
function inputsOf({ stackName, context }: InputsSpec): { readonly [name: string]: unknown } {
  const own = isRecord(context) ? context[stackName] : undefined;
  return isRecord(own) ? own : {};
}

function pathOf({ stackName }: InputsSpec, name: string): string {
  return `context.${CONTEXT_KEY}.${stackName}.${name}`;
}

function isRight({ type, pattern = /./ }: Input, value: unknown): boolean {
  return type === "number"
    ? typeof value === "number" && Number.isFinite(value)
    : typeof value === "string" && pattern.test(value);
}

function isInputName(name: string): name is InputName {
  return Object.hasOwn(INPUTS, name);
}

function isRecord(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
