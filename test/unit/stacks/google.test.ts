import { userDataLimit } from "../../../lib/catalog/user-data-limits";
import { Vllm405bGoogle4x8H100 } from "../../../stacks/vllm-405b-google-4x8-h100";
import { fileOf, parseCloudConfig } from "../bootstrap/support";
import { Synthesized } from "../../support/synth";

const NAME = "vllm-405b-google-4x8-h100";

describe(`stack ${NAME}`, () => {
  const stack = Synthesized.app((app) => new Vllm405bGoogle4x8H100(app, NAME), NAME);
  const machines = stack.resources("google_compute_instance");

  afterAll(() => {
    stack.remove();
  });

  it("makes a private network with NAT, four machines, one readiness check and the record of the terms", () => {
    expect(stack.counts()).toEqual({
      google_compute_network: 1,
      google_compute_subnetwork: 1,
      google_compute_firewall: 1,
      google_compute_router: 1,
      google_compute_router_nat: 1,
      google_compute_instance: 4,
      terraform_data: 3,
    });
    const [inside] = Object.values(stack.resources("google_compute_firewall"));
    expect(inside.source_ranges).toEqual(["10.40.0.0/24"]);
  });

  it("has required inputs without defaults, so a plan without them stops", () => {
    const inputs: { [name: string]: object } = stack.json.variable;
    expect(Object.keys(inputs).sort()).toEqual([
      "machine_image",
      "project",
      "region",
      "report_url",
      "service_account",
      "zone",
    ]);
    for (const input of Object.values(inputs)) {
      expect(input).toMatchObject({ nullable: false, description: expect.stringMatching(/^[A-Z]/) });
      expect(input).not.toHaveProperty("default");
    }
  });

  it("gives no machine a public address, and only the head a planned one", () => {
    const interfaces = Object.values(machines).map(({ network_interface }) => network_interface[0]);
    expect(interfaces.map(({ network_ip }) => network_ip)).toEqual([
      "10.40.0.10",
      undefined,
      undefined,
      undefined,
    ]);
    expect(interfaces.filter((one) => "access_config" in one)).toEqual([]);
  });

  it("boots each machine with the text of its role, which fits into a metadata value", () => {
    const texts = Object.values(machines).map(({ metadata }) => metadata["user-data"]);
    const [head, worker] = ["gpu-0", "gpu-worker"].map((role) => `cloud-init/${NAME}/${role}.yaml`);
    const given = (file: string) => `\${sensitive(file("${file}"))}`;
    expect(texts).toEqual([given(head), given(worker), given(worker), given(worker)]);
    for (const file of [head, worker]) {
      expect(stack.file(file).length).toBeLessThan(userDataLimit("google").bytes);
    }
  });

  it("contains no secret: the machines read them from the provider's store by name", () => {
    const config = parseCloudConfig(stack.file(`cloud-init/${NAME}/gpu-0.yaml`));
    const secrets = (name: string) => fileOf(config, `/etc/ray-cluster/boot/${name}`);
    expect(secrets("secrets")).toBe("ray-token google_secret.py ray-token\n");
    expect(secrets("model-secrets")).toBe("model google_secret.py huggingface-token\n");
    const program = config.write_files.find(({ path }) => path.endsWith("/sources/google_secret.py"));
    expect(program).toMatchObject({
      permissions: "0755",
      content: expect.stringMatching(/^#!\/usr\/bin\/env python3/),
    });
    // Whether they are there is known before anything is made, what they hold is not.
    expect(Object.keys(stack.json.data)).toEqual(["google_secret_manager_secret"]);
  });
});
