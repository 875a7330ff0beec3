import { Progress } from "../../lib/cli/base/progress";
import { ensureProviders } from "../../tools/supply/provider-access";
import { describeWith } from "../support/requirements";
import { ensureTofu } from "../tools/tofu";
import { expectServing, note } from "./support/cluster";
import { DEPLOYMENT } from "./support/requirements";
import { smallCluster, type SmallProject } from "./support/small-cluster";

const NAME = "e2e-opentofu";

describeWith(DEPLOYMENT, "OpenTofu in Terraform's place", () => {
  const before = process.env.TERRAFORM_BINARY_NAME;
  let small: SmallProject | undefined;

  beforeAll(async () => {
    process.env.TERRAFORM_BINARY_NAME = await ensureTofu(new Progress());
    const access = await ensureProviders(["docker"], new Progress());
    small = smallCluster(NAME, { subnetCidr: "10.89.105.0/24", apiPort: 8105 }, access.environment);
    await small.cluster.docker.sweep(NAME);
  }, 1_200_000);

  afterAll(async () => {
    if (before === undefined) {
      delete process.env.TERRAFORM_BINARY_NAME;
    } else {
      process.env.TERRAFORM_BINARY_NAME = before;
    }
    await small?.cluster.docker.sweep(NAME);
    small?.project.remove();
  }, 200_000);

  it("deploys a serving cluster, plans no change and destroys it", async () => {
    const { project, cluster } = small!;
    const deployed = await project.deploy();
    note(`cdktf deploy: exit code ${deployed.exitCode} after ${deployed.seconds.toFixed(0)} s`);
    expect((await project.terraform("version")).output).toContain("OpenTofu");
    expect(deployed.output).toContain("Apply complete!");
    await expectServing(cluster);

    const again = await project.deploy();
    expect(again.output).toContain("Resources: 0 added, 0 changed, 0 destroyed.");
    expect((await project.destroy()).exitCode).toBe(0);
    expect(await cluster.docker.leftovers(NAME)).toEqual([]);
  }, 900_000);
});
