/**
 * Tasks of real Ray on three nodes see their own address and rank, and the driver's variables stay with the
 * driver.
 */
import { join } from "node:path";
import { describeWith } from "../support/requirements";
import { complete, type DeployedCluster } from "./support/cluster";
import { Docker } from "./support/docker";
import { Project, REPOSITORY } from "./support/project";
import { DEPLOYMENT } from "./support/requirements";

const NAME = "e2e-environment";
const ADDRESSES = ["10.89.113.10", "10.89.113.11", "10.89.113.12"];

interface Environment {
  readonly [name: string]: string;
}

describeWith(DEPLOYMENT, "environment of three nodes with real Ray", () => {
  const docker = new Docker();
  const register = join(REPOSITORY, "test", "tools", "register.cjs");
  const app = join(REPOSITORY, "test", "e2e", "stacks", "environment-app.ts");
  const project = new Project(`node -r ${register} ${app}`, NAME, { E2E_CLUSTER: NAME });
  const cluster: DeployedCluster = {
    name: NAME,
    nodes: ["npu-0", "npu-1", "npu-2"],
    ranks: 6,
    model: "environment",
    url: "http://127.0.0.1:8113",
    docker,
  };
  let answer: { readonly driver: Environment; readonly tasks: { readonly [address: string]: Environment } };

  beforeAll(async () => {
    const deployed = await project.deploy();
    expect(deployed.output).toContain("Apply complete!");
    answer = JSON.parse(await complete(cluster));
  }, 400_000);

  afterAll(async () => {
    await docker.sweep(NAME);
    project.remove();
  }, 240_000);

  /** A variable in the tasks of all nodes, in the order of the plan. */
  const inTasks = (name: string) => ADDRESSES.map((address) => answer.tasks[address]?.[name]);

  it("has a task on every node", () => {
    expect(Object.keys(answer.tasks).sort()).toEqual(ADDRESSES);
  });

  it("gives every node its own address and rank", () => {
    expect(inTasks("HCCL_IF_IP")).toEqual(ADDRESSES);
    expect(inTasks("E2E_ADDRESS")).toEqual(ADDRESSES);
    expect(inTasks("E2E_RANK")).toEqual(["0", "1", "2"]);
    for (const name of ["GLOO_SOCKET_IFNAME", "TP_SOCKET_IFNAME", "E2E_INTERFACE"]) {
      expect(inTasks(name)).toEqual(inTasks("GLOO_SOCKET_IFNAME"));
      expect(inTasks(name)[0]).toMatch(/^\w+$/);
    }
  });

  it("gives every node what is the same for all", () => {
    for (const [name, value] of [
      ["E2E_OF_CLUSTER", "cluster"],
      ["E2E_OF_ENGINE_EVERYWHERE", "everywhere"],
      ["RAY_EXPERIMENTAL_NOSET_ASCEND_RT_VISIBLE_DEVICES", "1"],
    ]) {
      expect(inTasks(name)).toEqual([value, value, value]);
      expect(answer.driver[name]).toBe(value);
    }
  });

  it("keeps the driver's variables in the driver, and the head's own out of it", () => {
    expect([answer.driver.E2E_OF_DRIVER, answer.driver.E2E_OF_ENGINE]).toEqual(["driver", "engine"]);
    expect(inTasks("E2E_OF_DRIVER")).toEqual([undefined, undefined, undefined]);
    expect(inTasks("E2E_OF_ENGINE")).toEqual([undefined, undefined, undefined]);
    expect(answer.driver).not.toHaveProperty("HCCL_IF_IP");
  });
});
