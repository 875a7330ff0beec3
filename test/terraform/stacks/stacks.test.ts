import { type App, TerraformStack } from "cdktf";
import { Accelerator, ContainerImage, EmulatedServe, Fabric, LocalBackend, RayCluster } from "../../../lib";
import { Local2x8 } from "../../../stacks/local-2x8";
import { Local4x8 } from "../../../stacks/local-4x8";
import { VllmCpu2x1 } from "../../../stacks/vllm-cpu-2x1";
import { describeWith, DOCKER, DOCKER_PROVIDER, TERRAFORM } from "../../support/requirements";
import { Synthesized } from "../../support/synth";
import { initialise, terraform } from "../../support/terraform";

/** Text that Terraform would read as a template if anything let it through. */
const NASTY = '${path.module} %{ if true } "quoted" \\ $${x} %%{y} $ % { } é 💥';

/** The same where the rules allow no blank. */
const NASTY_WORD = NASTY.replaceAll(" ", "_");

/** Everything that a user may write as text, written nastily. */
class NastyStack extends TerraformStack {
  public constructor(scope: App, id: string) {
    super(scope, id);
    new RayCluster(this, id, {
      backend: new LocalBackend(),
      pools: [{ name: "npu", nodes: 2, accelerator: Accelerator.EMULATED_NPU }],
      fabric: Fabric.TCP,
      image: LocalBackend.emulationImage(),
      engine: new EmulatedServe({ servedModel: NASTY_WORD }),
      environment: { NASTY },
      driverEnvironment: { NASTY_DRIVER: NASTY },
    });
  }
}

/** Nodes of an image that is built where they run. */
class DerivedStack extends TerraformStack {
  public constructor(scope: App, id: string) {
    super(scope, id);
    const base = ContainerImage.of("vllm/vllm-openai:v0.20.0");
    const files = { pipConfigurationFile: "~/pip.conf", certificateAuthoritiesFile: "/etc/ssl/ca.pem" };
    for (const [index, dockerHost] of [undefined, "unix:///var/run/docker.sock"].entries()) {
      new RayCluster(this, `${id}-${index}`, {
        backend: new LocalBackend({ subnetCidr: `10.89.${index}.0/24`, apiPort: 8000 + index, dockerHost }),
        pools: [{ name: "npu", nodes: 2, accelerator: Accelerator.EMULATED_NPU }],
        fabric: Fabric.TCP,
        image: ContainerImage.withPythonPackages(base, ["ray[default]==2.58.0"], files),
        engine: new EmulatedServe(),
      });
    }
  }
}

const STACKS: readonly [string, new (app: App, id: string) => TerraformStack, number][] = [
  ["local-2x8", Local2x8, 6],
  ["local-4x8", Local4x8, 8],
  ["vllm-cpu-2x1", VllmCpu2x1, 6],
  ["nasty", NastyStack, 6],
  ["derived", DerivedStack, 16],
];

interface PlannedResource {
  readonly type: string;
  readonly values: { readonly [attribute: string]: any };
}

describeWith([TERRAFORM, DOCKER_PROVIDER], "Terraform with the Docker provider", () => {
  let stack: Synthesized;

  afterEach(() => {
    stack.remove();
  });

  it.each(STACKS)(
    "finds stack %s valid",
    (name, Stack) => {
      stack = Synthesized.app((app) => new Stack(app, name), name);
      initialise(stack.folder);
      const verdict = JSON.parse(terraform(stack.folder, "validate", "-json"));
      expect(verdict).toMatchObject({ valid: true, diagnostics: [] });
    },
    120_000,
  );
});

describeWith([TERRAFORM, DOCKER_PROVIDER, DOCKER], "Terraform with a Docker daemon", () => {
  let stack: Synthesized;

  afterEach(() => {
    stack.remove();
  });

  function plan(name: string, Stack: new (app: App, id: string) => TerraformStack): PlannedResource[] {
    stack = Synthesized.app((app) => new Stack(app, name), name);
    initialise(stack.folder);
    terraform(stack.folder, "plan", "-input=false", "-lock=false", "-out=plan");
    return JSON.parse(terraform(stack.folder, "show", "-json", "plan")).planned_values.root_module.resources;
  }

  it.each(STACKS)(
    "plans all of stack %s",
    (name, Stack, count) => {
      expect(plan(name, Stack)).toHaveLength(count);
    },
    120_000,
  );

  it("plans every text as it was declared", () => {
    const containers = plan("nasty", NastyStack).filter((resource) => resource.type === "docker_container");
    expect(containers).toHaveLength(3);
    const uploaded = (file: string) =>
      containers
        .flatMap(({ values }) => values.upload as { file: string; content: string }[])
        .filter((upload) => upload.file === `/etc/ray-cluster/${file}`)
        .map(({ content }) => JSON.parse(content));
    expect(uploaded("node.json").map(({ environment }) => environment.cluster.NASTY)).toEqual([
      NASTY,
      NASTY,
      NASTY,
    ]);
    const [workload, ...others] = uploaded("workload.json");
    expect(others).toEqual([]);
    expect(workload.environment.driver.NASTY_DRIVER).toBe(NASTY);
    expect(workload.engine.argv).toContain(NASTY_WORD);
  }, 120_000);
});
