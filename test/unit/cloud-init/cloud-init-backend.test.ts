import { TerraformOutput, TerraformResource, TerraformVariable } from "cdktf";
import { ReadinessCheck } from "../../../lib/cloud-init/readiness-check";
import { SecretSource } from "../../../lib/cloud-init/secret-source";
import type { ClusterPlan } from "../../../lib/topology/plan/plan";
import type { RayCluster } from "../../../lib/ray-cluster";
import { CloudInitBackend } from "../../../lib/cloud-init/cloud-init-backend";
import { Accelerator } from "../../../lib/topology/declaration/accelerator";
import { ContainerImage } from "../../../lib/topology/declaration/container-image";
import { ModelSource } from "../../../lib/topology/declaration/model-source";
import { SecretRef } from "../../../lib/topology/declaration/secret-ref";
import { fileOf, parseCloudConfig } from "../bootstrap/support";
import { Synthesized } from "../../support/synth";
import { cluster, FOUR_ADDRESSES, PLACE } from "./support";

const BOOT = "/etc/ray-cluster/boot";

/** The text of a machine, and a file that it writes. */
const textOf = (stack: Synthesized, name: string) => stack.file(`cloud-init/llama/${name}.yaml`);
const fileIn = (stack: Synthesized, name: string, path: string) =>
  fileOf(parseCloudConfig(textOf(stack, name)), path);

function machine(stack: ConstructorParameters<typeof TerraformResource>[0], id: string, userData: string) {
  const resource = new TerraformResource(stack, id, { terraformResourceType: "example_server" });
  resource.addOverride("user_data", userData);
  return resource;
}

describe("files beside the stack", () => {
  const synthesized: Synthesized[] = [];
  const synth = (...args: Parameters<typeof cluster> extends [unknown, ...infer Rest] ? Rest : never) => {
    const stack = Synthesized.of((scope) => {
      cluster(scope, ...args);
    });
    synthesized.push(stack);
    return stack;
  };
  afterAll(() => {
    synthesized.forEach((stack) => {
      stack.remove();
    });
  });

  it("are one for the head and one for the workers, where only the head's address is known", () => {
    const stack = synth();
    expect(stack.files("cloud-init/llama")).toEqual([
      "gpu-0.meta-data.yaml",
      "gpu-0.yaml",
      "gpu-worker.meta-data.yaml",
      "gpu-worker.yaml",
      "program.json",
    ]);
    const [head, worker] = ["gpu-0", "gpu-worker"].map(
      (name) =>
        JSON.parse(fileIn(stack, name, "/etc/ray-cluster/node.json")) as { node: object; pools: object[] },
    );
    expect(head.node).toMatchObject({ name: "gpu-0", role: "head", address: "10.30.0.10" });
    expect(worker.node).toMatchObject({ name: null, role: "worker", address: null });
    expect(worker.pools).toMatchObject([{ name: "gpu", nodes: 4, addresses: null }]);
  });

  it("are one for each machine, where all addresses are known", () => {
    const stack = synth({ headAddress: undefined, addresses: FOUR_ADDRESSES });
    const texts = stack.files("cloud-init/llama").filter((name) => /^[^.]+\.yaml$/.test(name));
    expect(texts).toEqual(["gpu-0.yaml", "gpu-1.yaml", "gpu-2.yaml", "gpu-3.yaml"]);
    const { node } = JSON.parse(fileIn(stack, "gpu-2", "/etc/ray-cluster/node.json")) as { node: object };
    expect(node).toMatchObject({ name: "gpu-2", address: FOUR_ADDRESSES[2] });
  });

  it("are whole for a machine of one's own, with another instance id whenever the text is another", () => {
    const one = synth();
    const other = synth({ cpusPerNode: 4 });
    expect(fileIn(one, "gpu-0", "/var/lib/ray-cluster/host/bundle.json")).toBe(
      one.file("cloud-init/llama/program.json"),
    );
    const ids = [one, other].map((stack) => stack.file("cloud-init/llama/gpu-0.meta-data.yaml").split("\n"));
    expect(ids[0][0]).toMatch(/^instance-id: llama-gpu-0-[0-9a-f]{12}$/);
    expect(ids[1][0]).not.toBe(ids[0][0]);
    expect(ids[0][1]).toBe("local-hostname: llama-gpu-0");
    // Many machines boot with the same text, and have no name of ours.
    expect(one.file("cloud-init/llama/gpu-worker.meta-data.yaml")).not.toContain("local-hostname");
  });

  it("are small, where the machines fetch the program themselves", () => {
    const stack = synth({ programUrl: "https://files.example/program.json" });
    expect(Buffer.byteLength(textOf(stack, "gpu-0"))).toBeLessThan(32_768);
    expect(fileIn(stack, "gpu-0", `${BOOT}/program`)).toBe("url.sh https://files.example/program.json\n");
    expect(fileIn(stack, "gpu-0", "/usr/local/lib/ray-cluster/sources/url.sh")).toContain("curl --fail");
    expect(textOf(stack, "gpu-0")).not.toContain("bundle.json\n    content");
  });

  it("ask a file for the Ray token, and count the accelerators before the container starts", () => {
    const stack = synth();
    for (const name of ["gpu-0", "gpu-worker"]) {
      expect(fileIn(stack, name, `${BOOT}/secrets`)).toBe("ray-token file.sh /etc/ray-cluster/ray-token\n");
      expect(fileIn(stack, name, `${BOOT}/devices`)).toBe("GPU-devices 8 /dev/nvidia[0-9]*\n");
    }
  });

  it("have no token where Ray knows none", () => {
    const stack = synth(
      {},
      { image: ContainerImage.of("registry.example/vllm:1", { rayVersion: "2.48.0" }) },
    );
    expect(fileIn(stack, "gpu-0", `${BOOT}/secrets`)).toBe("");
  });

  it("ask a program of the user's own, which comes with them", () => {
    const source = SecretSource.program("test/support/vault.sh", ["kv/ray"]);
    const stack = synth({
      rayToken: source,
      registry: {
        host: "quay.io",
        user: "robot",
        password: SecretSource.program("test/support/vault.sh", ["kv/quay"]),
      },
    });
    expect(fileIn(stack, "gpu-worker", `${BOOT}/secrets`)).toBe("ray-token vault.sh kv/ray\n");
    expect(fileIn(stack, "gpu-worker", `${BOOT}/registry`)).toBe("quay.io robot vault.sh kv/quay\n");
    const { write_files } = parseCloudConfig(textOf(stack, "gpu-worker"));
    const programs = write_files.filter(({ path }) => path.endsWith("/sources/vault.sh"));
    expect(programs).toMatchObject([{ permissions: "0755" }]);
  });

  it.each([
    ["a file of the head's machine", SecretRef.hostFile("/root/hf"), "file.sh /root/hf"],
    ["a store", SecretRef.managed("kv/hf"), "vault.sh kv/hf"],
  ])("bring the model's secret from %s into the memory of the head's machine only", (_, token, source) => {
    const revision = "be673f326cab4cd22ccfef76109faf68e41aa5f1";
    const stack = synth(
      { secretStore: SecretSource.program("test/support/vault.sh") },
      { model: ModelSource.huggingFace("meta-llama/Llama-3.1-8B-Instruct", { revision, token }) },
    );
    expect(fileIn(stack, "gpu-0", `${BOOT}/secrets`)).toContain(`\nmodel-secret ${source}\n`);
    expect(fileIn(stack, "gpu-0", `${BOOT}/argv`)).toContain(
      "source=/run/ray-cluster/secrets/model-secret,target=/run/secrets/ray-cluster/model,readonly\n",
    );
    expect(fileIn(stack, "gpu-0", `${BOOT}/argv`)).not.toContain("/root/hf");
    expect(textOf(stack, "gpu-worker")).not.toContain("model-secret");
  });

  it("mount what was named, after the packages for it", () => {
    const stack = synth({
      packages: ["nfs-common"],
      mounts: [
        { source: "10.30.0.5:/models", hostPath: "/mnt/models", type: "nfs4", options: ["ro"], after: [] },
      ],
      diskFolder: "/mnt/disk",
    });
    expect(parseCloudConfig(textOf(stack, "gpu-0"))).toMatchObject({
      package_update: true,
      packages: ["nfs-common"],
    });
    expect(fileIn(stack, "gpu-0", "/etc/systemd/system/mnt-models.mount")).toContain(
      "What=10.30.0.5:/models\n",
    );
    expect(fileIn(stack, "gpu-0", `${BOOT}/settings`)).toContain("\ndisk_folder=/mnt/disk\n");
  });

  it("are as many for a thousand machines of a pool as for two", () => {
    const pools = [{ name: "gpu", nodes: 1000, accelerator: Accelerator.H100 }];
    const stack = synth({ subnetCidr: "10.30.0.0/16" }, { pools });
    expect(stack.files("cloud-init/llama")).toHaveLength(5);
  });
});

describe("user data of a resource in the same stack", () => {
  it("is the text of its node; workers without planned addresses have theirs in common", () => {
    const stack = Synthesized.of((scope) => {
      const backend = cluster(scope, { programUrl: "https://files.example/program.json" });
      machine(scope, "head", backend.userData("gpu-0"));
      machine(scope, "worker", backend.userData("gpu-3"));
    });
    const servers = Object.values(stack.resources("example_server"));
    expect(servers.map(({ user_data }) => user_data)).toEqual([
      '${file("cloud-init/llama/gpu-0.yaml")}',
      '${file("cloud-init/llama/gpu-worker.yaml")}',
    ]);
    stack.remove();
  });

  it("is printed in no plan, where it is half a megabyte", () => {
    const stack = Synthesized.of((scope) => {
      machine(scope, "head", cluster(scope).userData("gpu-0"));
    });
    expect(stack.text).toContain('${sensitive(file(\\"cloud-init/llama/gpu-0.yaml\\"))}');
    stack.remove();
  });

  it("may hold what is known only at apply: then Terraform has the text, and there is no file", () => {
    const stack = Synthesized.of((scope) => {
      const url = new TerraformVariable(scope, "url", { type: "string" });
      const backend = cluster(scope, { programUrl: url.stringValue });
      machine(scope, "head", backend.userData("gpu-0"));
    });
    expect(stack.files("cloud-init/llama")).toEqual(["program.json"]);
    const texts = Object.values<string>(stack.json.locals as { [name: string]: string });
    expect(texts).toHaveLength(2);
    expect(texts[0]).toContain("url.sh ${var.url}\n");
    // Everything else is as it was: what looks like a reference is none.
    expect(texts[0]).toContain('readonly BOOT_FOLDER="$${BOOT_FOLDER:-/etc/ray-cluster/boot}"');
    stack.remove();
  });

  it("is there when the cluster is declared, for its nodes", () => {
    Synthesized.of((scope) => {
      const backend = new CloudInitBackend(PLACE);
      expect(() => backend.userData("gpu-0")).toThrow("declare the RayCluster with this backend first");
      expect(() => {
        backend.addMachines([]);
      }).toThrow("declare the RayCluster with this backend first");
      const declared = cluster(scope);
      expect(() => declared.userData("gpu-9")).toThrow(
        "no user data for 'gpu-9': the nodes are gpu-0, gpu-1, gpu-2, gpu-3",
      );
    }).remove();
  });

  it("is of one cluster", () => {
    Synthesized.of((scope) => {
      const backend = cluster(scope);
      expect(() => backend._build(scope, { name: "b" } as ClusterPlan)).toThrow(
        "the backend of 'b' is the place of another cluster already: make a second one",
      );
    }).remove();
  });
});

describe("the review", () => {
  const machines = (...args: Parameters<typeof cluster> extends [unknown, ...infer Rest] ? Rest : never) => {
    const stack = Synthesized.of((scope) => {
      cluster(scope, ...args);
    });
    const [, section] = stack.file("review.md").split("\n## Machines\n\n");
    stack.remove();
    return section.split("\n\n## ")[0].split("\n");
  };

  it("says who boots with what, where secrets come from and what an apply waits for", () => {
    const lines = machines({ readiness: ReadinessCheck.api() });
    expect(lines).toHaveLength(9);
    expect(lines[2]).toMatch(/^\| gpu-0 \| `cloud-init\/llama\/gpu-0\.yaml` \| \d{6} \|$/);
    expect(lines[3]).toMatch(/^\| gpu-1 to gpu-3 \| `cloud-init\/llama\/gpu-worker\.yaml` \| \d{6} \|$/);
    expect(lines.slice(6)).toEqual([
      "- node program: a part of each text",
      "- secrets, at every boot into the machine's memory: the Ray token from `file.sh /etc/ray-cluster/ray-token`",
      expect.stringMatching(/^- an apply waits for a completion, at most \d{4} s$/),
    ]);
  });

  it("does not say that the head makes the token", () => {
    const stack = Synthesized.of((scope) => {
      cluster(scope);
    });
    expect(stack.file("review.md")).toContain(
      "- authentication: token, which exists, from where every machine",
    );
    stack.remove();
  });

  it("names no placeholder where a value is known only at apply", () => {
    Synthesized.of((scope) => {
      const url = new TerraformVariable(scope, "url", { type: "string" }).stringValue;
      cluster(scope, { programUrl: url, readiness: ReadinessCheck.api(url) });
    }).remove();
    expect(machines().at(-1)).toContain("for **nothing**");
  });
});

describe("readiness", () => {
  it("is nothing of ours where nobody asks for it, and the review says so", () => {
    const stack = Synthesized.of((scope) => {
      cluster(scope);
    });
    expect(stack.counts()).toEqual({});
    expect(stack.file("review.md")).toContain(
      "`backend.readiness` [RC511]: an apply returns when the machines are made, whether the cluster serves or not",
    );
    stack.remove();
  });

  it("is a wait after the machines, anew with each of them, that readers of the endpoint wait for", () => {
    const stack = Synthesized.of((scope) => {
      const backend = cluster(scope, { readiness: ReadinessCheck.api(), bootTimeoutSeconds: 100 });
      backend.addMachines([machine(scope, "head", backend.userData("gpu-0"))]);
      backend.addMachines([machine(scope, "worker", backend.userData("gpu-1"))]);
      const found = scope.node.findChild("llama") as RayCluster;
      new TerraformOutput(scope, "endpoint", { value: found.endpoint });
    });
    expect(stack.counts()).toEqual({ terraform_data: 1, example_server: 2 });
    const [[name, wait]] = Object.entries(stack.resources("terraform_data"));
    expect(wait).toMatchObject({
      input: "http://10.30.0.10:8000",
      depends_on: ["example_server.head", "example_server.worker"],
      lifecycle: { replace_triggered_by: ["example_server.head", "example_server.worker"] },
      triggers_replace: [
        '${sha256(file("cloud-init/llama/gpu-0.yaml"))}',
        '${sha256(file("cloud-init/llama/gpu-worker.yaml"))}',
      ],
    });
    const [{ "local-exec": run }] = wait.provisioner;
    expect(run.command).toBe("node cloud-init/wait-for-api.cjs");
    expect(run.environment).toMatchObject({ CLUSTER: "llama", HEAD: "gpu-0 (10.30.0.10)" });
    expect(JSON.parse(run.environment.COMPLETION)).toMatchObject({ path: "/v1/chat/completions" });
    expect(stack.json.output.endpoint.value).toBe(`\${terraform_data.${name}.output}`);
    expect(stack.files("cloud-init")).toContain("wait-for-api.cjs");
    expect(stack.file("review.md")).not.toContain("RC511");
    stack.remove();
  });

  it("asks the cluster itself by ssh", () => {
    const stack = Synthesized.of((scope) => {
      cluster(scope, {
        readiness: ReadinessCheck.ssh(undefined, {
          user: "ubuntu",
          sshOptions: ["IdentityFile=~/.ssh/cluster"],
        }),
      });
    });
    const [wait] = Object.values(stack.resources("terraform_data"));
    const [{ "local-exec": run }] = wait.provisioner;
    expect(run.command).toBe("sh cloud-init/wait-by-ssh.sh");
    const words = (run.environment.SSH_ARGUMENTS as string).split("\n");
    // The user's own come first: of a name the first one counts.
    expect(words.slice(0, 4)).toEqual(["-o", "IdentityFile=~/.ssh/cluster", "-o", "BatchMode=yes"]);
    expect(words.slice(-6)).toEqual(["-p", "22", "-l", "ubuntu", "--", "10.30.0.10"]);
    expect(Object.keys(run.environment).sort()).toEqual([
      "CLUSTER",
      "HEAD",
      "SSH_ARGUMENTS",
      "TIMEOUT_SECONDS",
    ]);
    expect(stack.files("cloud-init").filter((name) => name.startsWith("wait"))).toEqual([
      "wait-by-ssh.sh",
      "wait-on-head.sh",
    ]);
    expect(stack.file("review.md")).toContain(
      "- an apply waits by ssh for what the cluster says of itself, at most",
    );
    stack.remove();
  });

  it("reaches the head by ssh at an address that is known only at apply", () => {
    const stack = Synthesized.of((scope) => {
      const address = new TerraformVariable(scope, "address", { type: "string" });
      cluster(scope, { readiness: ReadinessCheck.ssh(address.stringValue) });
    });
    const [wait] = Object.values(stack.resources("terraform_data"));
    expect(wait.provisioner[0]["local-exec"].environment.SSH_ARGUMENTS).toMatch(/\n--\n\$\{var\.address\}$/);
    stack.remove();
  });

  it("asks at the address by which the machine of Terraform reaches the head", () => {
    const stack = Synthesized.of((scope) => {
      const address = new TerraformVariable(scope, "address", { type: "string" });
      cluster(scope, { readiness: ReadinessCheck.api(`http://${address.stringValue}:8000`) });
    });
    const [wait] = Object.values(stack.resources("terraform_data"));
    expect(wait.input).toBe("http://${var.address}:8000");
    expect(wait.provisioner[0]["local-exec"].environment.API_URL).toBe("http://${var.address}:8000");
    stack.remove();
  });
});
