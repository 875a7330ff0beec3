import { execFile } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { TerraformStack } from "cdktf";
import { type TerraformElement, TerraformOutput, TerraformResource, TerraformVariable } from "cdktf";
import { CloudInitSite } from "../../lib/cloud-init/cloud-init-site";
import { ReadinessCheck } from "../../lib/cloud-init/readiness-check";
import { describeWith, TERRAFORM } from "../support/requirements";
import { Synthesized } from "../support/synth";
import { initialise, terraform, terraformBinary, terraformEnvironment } from "../support/terraform";
import { cluster, site } from "../unit/cloud-init/support";

const ENDPOINT = "http://10.30.0.10:8000";
const PROGRAM_URL = "https://files.example/a-${b}.json";

/** A resource that keeps what it is given: it stands for a machine of whatever provider. */
function machine(stack: TerraformStack, id: string, userData: string): TerraformResource {
  const resource = new TerraformResource(stack, id, { terraformResourceType: "terraform_data" });
  resource.addOverride("input", userData);
  return resource;
}

function synth(build: (stack: TerraformStack) => void): Synthesized {
  const stack = Synthesized.of(build);
  initialise(stack.folder);
  return stack;
}

interface Outcome {
  readonly failed: boolean;
  readonly output: string;
}

/** Terraform beside this process, which answers meanwhile. */
function beside(folder: string, ...args: readonly string[]): Promise<Outcome> {
  const options = { env: terraformEnvironment(), maxBuffer: 64 * 1024 * 1024 };
  const all = [`-chdir=${folder}`, ...args, "-input=false", "-no-color"];
  return new Promise((resolve) => {
    execFile(terraformBinary(), all, options, (error, stdout, stderr) => {
      resolve({ failed: error !== null, output: stdout + stderr });
    });
  });
}

describeWith([TERRAFORM], "Terraform", () => {
  it("hands over the texts as they are, with late values filled in", () => {
    const early = synth((stack) => {
      cluster(stack, { programUrl: "https://files.example/early.json" });
    });
    const late = synth((stack) => {
      const url = new TerraformVariable(stack, "url", { type: "string" });
      const nodes = site(stack, { programUrl: url.stringValue });
      for (const node of ["gpu-0", "gpu-3"]) {
        new TerraformOutput(stack, `text-${node}`, { value: nodes.userData(node) });
      }
    });
    terraform(late.folder, "apply", "-auto-approve", "-input=false", `-var=url=${PROGRAM_URL}`);
    const outputs = JSON.parse(terraform(late.folder, "output", "-json")) as {
      [name: string]: { value: string };
    };
    for (const [output, name] of [
      ["text-gpu-0", "gpu-0"],
      ["text-gpu-3", "gpu-worker"],
    ]) {
      const expected = early.file(`cloud-init/llama/${name}.yaml`);
      expect(outputs[output].value).toBe(expected.replace("https://files.example/early.json", PROGRAM_URL));
    }
    [early, late].forEach((stack) => {
      stack.remove();
    });
  }, 120_000);

  describe("deployments", () => {
    let server: Server;
    let url: string;
    let serves = false;
    let asked = "";
    const verdict = (name: string, text: string) => JSON.stringify({ verdict: name, text });

    beforeAll((done) => {
      server = createServer((request, response) => {
        asked = `${request.method} ${request.url}`;
        const answer = serves
          ? verdict("serving", "cluster 'llama' is serving\n  completion: \"32 of 32 ranks\"")
          : verdict("waiting", "loading: the engine starts");
        response.writeHead(serves ? 200 : 503).end(answer);
      });
      server.listen(0, "127.0.0.1", () => {
        url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
        done();
      });
    });

    afterAll(() => {
      server.closeAllConnections();
      server.close();
    });

    it("fail at the deadline, wait again in the next deployment, and change nothing in the one after", async () => {
      const stack = synth((scope) => {
        const found = cluster(scope, { readiness: ReadinessCheck.http(url) });
        const nodes = CloudInitSite.of(found.site);
        nodes.addMachines([machine(scope, "head", nodes.userData("gpu-0"))]);
        const ready = found.node.findChild("ready") as TerraformElement;
        ready.addOverride("provisioner.0.local-exec.environment.TIMEOUT_SECONDS", "3");
        new TerraformOutput(scope, "endpoint", { value: found.endpoint });
      });
      const apply = () => beside(stack.folder, "apply", "-auto-approve");
      const failed = await apply();
      expect(failed.failed).toBe(true);
      expect(failed.output).toContain(
        "cluster 'llama' is not serving: timed out after 3 s: loading: the engine starts",
      );
      expect(asked).toBe("GET /ready");
      expect(failed.output).not.toContain(`endpoint = "${ENDPOINT}"`);
      // Half a megabyte for each machine is no reading.
      expect(failed.output.length).toBeLessThan(20_000);

      serves = true;
      const served = await apply();
      expect(served.output).toContain("llama_ready_C3B433F4 is tainted, so must be replaced");
      expect(served.output).toContain('  completion: "32 of 32 ranks"');
      expect(served.output).toContain(`endpoint = "${ENDPOINT}"`);
      expect(served.failed).toBe(false);

      expect((await apply()).output).toContain("No changes.");
      const other = await beside(stack.folder, "plan", "-replace=terraform_data.head");
      expect(other.output).toContain(
        "llama_ready_C3B433F4 will be replaced due to changes in replace_triggered_by",
      );
      stack.remove();
    }, 120_000);
  });
});
