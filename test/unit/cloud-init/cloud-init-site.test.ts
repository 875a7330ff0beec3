import { createHash } from "node:crypto";
import { TerraformOutput, TerraformVariable } from "cdktf";
import { CloudInitBackend } from "../../../lib/cloud-init/cloud-init-backend";
import { CloudInitSite } from "../../../lib/cloud-init/cloud-init-site";
import { ReadinessCheck } from "../../../lib/cloud-init/readiness-check";
import { SecretSource } from "../../../lib/cloud-init/secret-source";
import { EmulatedServe } from "../../../lib/engines/emulated/emulated-serve";
import { VllmExecutor } from "../../../lib/engines/vllm/vllm-props";
import { VllmServe } from "../../../lib/engines/vllm/vllm-serve";
import { RayOnly } from "../../../lib/engines/ray-only";
import { PlanError } from "../../../lib/problems/plan-error";
import { RayCluster } from "../../../lib/ray-cluster";
import { Accelerator } from "../../../lib/topology/declaration/accelerator";
import { ContainerImage } from "../../../lib/topology/declaration/container-image";
import { PacketFilter } from "../../../lib/topology/declaration/packet-filter";
import { contentHash } from "../../../lib/runtime/content-hash";
import { ModelSource } from "../../../lib/topology/values/model-source";
import { SecretRef } from "../../../lib/topology/values/secret-ref";
import { Synthesized } from "../../support/synth";
import { fileOf, parseCloudConfig } from "../bootstrap/support";
import { effectsOf, effectText } from "../../../lib/review/change/effects";
import { bootedMachines, predictedActions, type StackJson } from "../../../lib/review/change/stack-json";
import { CLUSTER, cluster, FOUR_ADDRESSES, machine, PLACE, site } from "./support";

const BOOT = "/etc/ray-cluster/boot";
type Declared = Parameters<typeof cluster> extends [unknown, ...infer Rest] ? Rest : never;

/** The text of a machine, and a file that it writes. */
const textOf = (stack: Synthesized, name: string) => stack.file(`cloud-init/llama/${name}.yaml`);
const fileIn = (stack: Synthesized, name: string, path: string) =>
  fileOf(parseCloudConfig(textOf(stack, name)), path);

/** As Terraform's own `sha256` has it. */
const hashes = (stack: Synthesized) =>
  ["gpu-0", "gpu-worker"].map((name) => createHash("sha256").update(textOf(stack, name)).digest("hex"));

const synthesized: Synthesized[] = [];
function synth(build: Parameters<typeof Synthesized.of>[0]): Synthesized {
  const stack = Synthesized.of(build);
  synthesized.push(stack);
  return stack;
}
const synthSite = (...args: Declared) => synth((stack) => void site(stack, ...args));

/** The readiness check: the one resource that runs a command. */
function waitOf(stack: Synthesized) {
  const [wait] = Object.entries(stack.resources("terraform_data")).filter(
    ([, { provisioner }]) => provisioner,
  );
  return wait;
}

afterAll(() => {
  synthesized.forEach((stack) => {
    stack.remove();
  });
});

describe("files beside the stack", () => {
  it("with the head's address are one for the head and one for the workers", () => {
    const stack = synthSite();
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

  it("with all addresses are one for each machine", () => {
    const stack = synthSite({ headAddress: undefined, addresses: FOUR_ADDRESSES });
    const texts = stack.files("cloud-init/llama").filter((name) => /^[^.]+\.yaml$/.test(name));
    expect(texts).toEqual(["gpu-0.yaml", "gpu-1.yaml", "gpu-2.yaml", "gpu-3.yaml"]);
    const { node } = JSON.parse(fileIn(stack, "gpu-2", "/etc/ray-cluster/node.json")) as { node: object };
    expect(node).toMatchObject({ name: "gpu-2", address: FOUR_ADDRESSES[2] });
  });

  it("without programUrl contain the program, and have an instance id that follows the text", () => {
    const one = synthSite();
    const other = synthSite({ cpusPerNode: 4 });
    const embedded = JSON.parse(fileIn(one, "gpu-0", "/var/lib/ray-cluster/host/bundle.b85"));
    const whole = JSON.parse(one.file("cloud-init/llama/program.json"));
    expect(whole).toMatchObject(embedded);
    // Its size counts: what this machine does not run is left out.
    const leftOut = Object.keys(whole).filter((name) => !(name in embedded));
    expect(leftOut.map((name) => name.split("/").at(-1)).sort()).toEqual([
      "lustre-client.sh",
      "ray-cluster-logs.service",
      "ship_logs.py",
      "stop-cluster.sh",
    ]);
    const ids = [one, other].map((stack) => stack.file("cloud-init/llama/gpu-0.meta-data.yaml").split("\n"));
    expect(ids[0][0]).toMatch(/^instance-id: llama-gpu-0-[0-9a-f]{12}$/);
    expect(ids[1][0]).not.toBe(ids[0][0]);
    expect(ids[0][1]).toBe("local-hostname: llama-gpu-0");
    // Many machines boot with the same text, and have no name of ours.
    expect(one.file("cloud-init/llama/gpu-worker.meta-data.yaml")).not.toContain("local-hostname");
  });

  it("with programUrl contain its source and not the program", () => {
    const stack = synthSite({ programUrl: "https://files.example/program.json" });
    expect(Buffer.byteLength(textOf(stack, "gpu-0"))).toBeLessThan(32_768);
    expect(fileIn(stack, "gpu-0", `${BOOT}/program`)).toBe("url.sh https://files.example/program.json\n");
    expect(fileIn(stack, "gpu-0", "/usr/local/lib/ray-cluster/sources/url.sh")).toContain("curl --fail");
    expect(textOf(stack, "gpu-0")).not.toContain("bundle.json\n    content");
  });

  it("read the Ray token from a file and count the accelerators by default", () => {
    const stack = synthSite();
    for (const name of ["gpu-0", "gpu-worker"]) {
      expect(fileIn(stack, name, `${BOOT}/secrets`)).toBe("ray-token file.sh /etc/ray-cluster/ray-token\n");
      expect(fileIn(stack, name, `${BOOT}/devices`)).toBe("accelerators 8 /dev/nvidia[0-9]*\n");
    }
  });

  it("close the plan's ports to all but the network, unless something else is named", () => {
    const stack = synthSite();
    const [head, worker] = ["gpu-0", "gpu-worker"].map((name) => fileIn(stack, name, `${BOOT}/filter`));
    for (const facts of [head, worker]) {
      expect(facts).toMatch(/^action apply\ncluster llama\nversion [0-9a-f]{16}\nmember [\d.]+\/\d+\n/);
      expect(facts).toContain("\nport 10002-10999 cluster\n");
    }
    expect(head).toContain("\nport 6379 cluster\n");
    expect(worker).not.toContain("port 6379 ");
    const declined = synthSite({ packetFilter: PacketFilter.by("the provider's firewall") });
    expect(fileIn(declined, "gpu-0", `${BOOT}/filter`)).toBe("");
  });

  it("of a Ray version without authentication have a token for what nodes tell one another", () => {
    const stack = synthSite(
      {},
      {
        image: ContainerImage.of("registry.example/vllm:1", { rayVersion: "2.48.0" }),
        allowUnauthenticatedRay: "a test",
      },
    );
    expect(fileIn(stack, "gpu-0", `${BOOT}/secrets`)).toBe("ray-token file.sh /etc/ray-cluster/ray-token\n");
  });

  it("with a program as a source contain it once, executable", () => {
    const source = SecretSource.program("test/support/vault.sh", ["kv/ray"]);
    const stack = synthSite({
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
  ])("with the model's secret from %s fetch it on the head's machine only", (_, token, source) => {
    const revision = "be673f326cab4cd22ccfef76109faf68e41aa5f1";
    const stack = synthSite(
      { secretStore: SecretSource.program("test/support/vault.sh") },
      { model: ModelSource.huggingFace("meta-llama/Llama-3.1-8B-Instruct", { revision, token }) },
    );
    expect(fileIn(stack, "gpu-0", `${BOOT}/model-secrets`)).toBe(`model ${source}\n`);
    expect(fileIn(stack, "gpu-0", `${BOOT}/argv`)).toContain(
      "source=/run/ray-cluster/model-secrets,target=/var/lib/ray-cluster/model-secrets\n",
    );
    expect(fileIn(stack, "gpu-0", `${BOOT}/argv`)).not.toContain("/root/hf");
    expect(textOf(stack, "gpu-worker")).not.toContain("vault.sh kv/hf");
  });

  it("with a process of the engine on each node fetch the variables' secrets there, too", () => {
    const stack = synthSite(
      {},
      {
        engine: new VllmServe({ modelPath: "/models/m", executor: VllmExecutor.MP }),
        secrets: { WANDB_API_KEY: SecretRef.hostFile("/root/wandb") },
      },
    );
    for (const name of ["gpu-0", "gpu-worker"]) {
      expect(fileIn(stack, name, `${BOOT}/secrets`)).toMatch(
        /\nenvironment.WANDB_API_KEY file.sh \/root\/wandb\n$/,
      );
      expect(fileIn(stack, name, `${BOOT}/argv`)).toContain(
        "source=/run/ray-cluster/secrets/environment.WANDB_API_KEY,target=/run/secrets/ray-cluster/environment.WANDB_API_KEY,readonly\n",
      );
    }
    expect(stack.file("review.md")).toContain("`environment.WANDB_API_KEY`, where the engine runs");
  });

  it("with mounts contain their units, packages and disk folder", () => {
    const stack = synthSite({
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

  it("of a pool of a thousand machines are as many as of two", () => {
    const pools = [{ name: "gpu", nodes: 1000, accelerator: Accelerator.H100 }];
    const stack = synthSite({ subnetCidr: "10.30.0.0/16" }, { pools });
    expect(stack.files("cloud-init/llama")).toHaveLength(5);
  });
});

describe("CloudInitSite.userData", () => {
  it("is the text of the node, shared by workers without planned addresses", () => {
    const stack = synth((scope) => {
      const nodes = site(scope, { programUrl: "https://files.example/program.json" });
      machine(scope, "head", nodes.userData("gpu-0"));
      machine(scope, "worker", nodes.userData("gpu-3"));
    });
    expect(Object.values(stack.resources("example_server")).map(({ user_data }) => user_data)).toEqual([
      '${file("cloud-init/llama/gpu-0.yaml")}',
      '${file("cloud-init/llama/gpu-worker.yaml")}',
    ]);
  });

  it("is hidden from plans where it contains the node program", () => {
    const stack = synth((scope) => {
      machine(scope, "head", site(scope).userData("gpu-0"));
    });
    expect(stack.text).toContain('${sensitive(file(\\"cloud-init/llama/gpu-0.yaml\\"))}');
  });

  it("with a value known only at apply is a local of Terraform, and no file", () => {
    const stack = synth((scope) => {
      const url = new TerraformVariable(scope, "url", { type: "string" });
      machine(scope, "head", site(scope, { programUrl: url.stringValue }).userData("gpu-0"));
    });
    expect(stack.files("cloud-init/llama")).toEqual(["program.json"]);
    const texts = Object.values<string>(stack.json.locals as { [name: string]: string });
    expect(texts).toHaveLength(2);
    expect(texts[0]).toContain("url.sh ${var.url}\n");
    // Everything else is as it was: what looks like a reference is none.
    expect(texts[0]).toContain('readonly BOOT_FOLDER="$${BOOT_FOLDER:-/etc/ray-cluster/boot}"');
  });

  it("of an unknown node names the nodes", () => {
    synth((scope) => {
      expect(() => site(scope).userData("gpu-9")).toThrow(
        "no node 'gpu-9': the nodes are gpu-0, gpu-1, gpu-2, gpu-3",
      );
    });
  });

  it("of a cluster with errors is a PlanError", () => {
    const build = () =>
      Synthesized.of((scope) => {
        CloudInitSite.of(cluster(scope, { diskFolder: "mnt" }).site).userData("gpu-0");
      });
    expect(build).toThrow(PlanError);
    expect(build).toThrow("[RC506]");
  });
});

describe("CloudInitSite.of", () => {
  it("refuses the site of another place", () => {
    const other = { place: { backend: "local" } } as unknown as Parameters<typeof CloudInitSite.of>[0];
    expect(() => CloudInitSite.of(other)).toThrow(
      "the cluster must have a CloudInitBackend, but its backend is 'local'",
    );
  });

  it("is one for each cluster of a backend", () => {
    synth((scope) => {
      const backend = new CloudInitBackend({ ...PLACE, programUrl: "https://files.example/program.json" });
      const options = { backend, ...CLUSTER };
      const [a, b] = ["a", "b"].map((id) => CloudInitSite.of(new RayCluster(scope, id, options).site));
      expect(a.userData("gpu-0")).not.toBe(b.userData("gpu-0"));
    });
  });
});

describe("the review", () => {
  const machines = (...args: Declared) => {
    const [, section] = synthSite(...args)
      .file("review.md")
      .split("\n## Machines\n\n");
    return section.split("\n\n## ")[0].split("\n");
  };

  it("lists the texts, the sources of secrets and the readiness check", () => {
    const lines = machines({ readiness: ReadinessCheck.http(), userDataLimitBytes: 262_144 });
    expect(lines).toHaveLength(10);
    expect(lines[2]).toMatch(/^\| gpu-0 \| `cloud-init\/llama\/gpu-0\.yaml` \| \d{6} \|$/);
    expect(lines[3]).toMatch(/^\| gpu-1 to gpu-3 \| `cloud-init\/llama\/gpu-worker\.yaml` \| \d{6} \|$/);
    expect(lines.slice(6)).toEqual([
      "- node program: part of each text",
      "- secrets, fetched into memory at every boot: the cluster's token from `file.sh /etc/ray-cluster/ray-token`",
      expect.stringMatching(/^- apply waits for the head's verdict over HTTP, at most \d{4} s$/),
      "- another workload (engine, model, deadlines) is another text: **the machines are replaced**",
    ]);
  });

  it("warns of large user data", () => {
    expect(machines().at(-1)).toMatch(
      /^- warning: backend\.programUrl \[RC530\]: \d{3},\d{3} bytes for gpu-0 /,
    );
  });

  it("states that the token exists already", () => {
    expect(synthSite().file("review.md")).toContain(
      "- authentication: token, which exists, from where every machine",
    );
  });

  it("with values known only at apply contains no placeholder", () => {
    const stack = synth((scope) => {
      const url = new TerraformVariable(scope, "url", { type: "string" }).stringValue;
      site(scope, { programUrl: url, readiness: ReadinessCheck.http(url) });
    });
    expect(stack.file("review.md")).not.toContain("TfToken");
    expect(stack.file("review.md")).toContain(
      "- apply waits for the head's verdict over HTTP from an address that is known at apply, at most",
    );
  });
});

describe("machines of the stack", () => {
  const record = (stack: Synthesized) =>
    Object.entries(stack.resources("terraform_data")).find(([name]) => name.startsWith("llama_texts_"));

  it("are replaced by a reference when a text changes, beside what else replaces them", () => {
    const stack = synth((scope) => {
      const nodes = CloudInitSite.of(cluster(scope).site);
      const head = machine(scope, "head", nodes.userData("gpu-0"));
      head.lifecycle = { preventDestroy: true, replaceTriggeredBy: ["example_disk.d"] };
      nodes.addMachines([head]);
      nodes.addMachines([machine(scope, "worker", nodes.userData("gpu-1"))]);
    });
    const [name, { triggers_replace: triggers }] = record(stack)!;
    expect(triggers).toEqual(hashes(stack));
    const { head, worker } = stack.resources("example_server");
    expect(head.lifecycle).toEqual({
      prevent_destroy: true,
      replace_triggered_by: ["example_disk.d", `terraform_data.${name}`],
    });
    expect(worker.lifecycle).toEqual({ replace_triggered_by: [`terraform_data.${name}`] });
  });

  it.each([
    ["ssh", ReadinessCheck.ssh(), /^engine restarts; machines, Ray and storage kept$/],
    [
      "http",
      ReadinessCheck.http(),
      /^\*\*MACHINES ARE REPLACED\*\* \(example_server\.head, example_server\.worker\)/,
    ],
  ])("of whatever type are named by the review of another workload, brought by %s", (_, readiness, said) => {
    const [before, after] = ["a", "b"].map(
      (servedModel) =>
        synth((scope) => {
          const engine = new EmulatedServe({ servedModel });
          const nodes = CloudInitSite.of(cluster(scope, { readiness }, { engine }).site);
          const [head, worker] = [
            ["head", "gpu-0"],
            ["worker", "gpu-1"],
          ].map(([id, node]) => machine(scope, id, nodes.userData(node)));
          nodes.addMachines([head, worker]);
        }).json as StackJson,
    );
    const effects = effectsOf(predictedActions(before, after), true, bootedMachines(after));
    expect(effectText(effects)).toMatch(said);
  });

  it("that are made elsewhere have no record", () => {
    expect(record(synthSite())).toBeUndefined();
  });
});

describe("readiness", () => {
  it("without a check adds only the record of the terms, and the review warns", () => {
    const stack = synthSite();
    expect(stack.counts()).toEqual({ terraform_data: 1 });
    expect(stack.file("review.md")).toContain("backend.readiness [RC511]");
  });

  it("with a check waits for the machines, again with each of them, and readers of the endpoint wait for it", () => {
    const stack = synth((scope) => {
      const found = cluster(scope, { readiness: ReadinessCheck.http(), bootTimeoutSeconds: 100 });
      const nodes = CloudInitSite.of(found.site);
      nodes.addMachines([machine(scope, "head", nodes.userData("gpu-0"))]);
      nodes.addMachines([machine(scope, "worker", nodes.userData("gpu-1"))]);
      new TerraformOutput(scope, "endpoint", { value: found.endpoint });
    });
    expect(stack.counts()).toEqual({ terraform_data: 3, example_server: 2 });
    const [name, wait] = waitOf(stack);
    expect(wait).toMatchObject({
      input: "http://10.30.0.10:8000",
      depends_on: ["example_server.head", "example_server.worker"],
      lifecycle: { replace_triggered_by: ["example_server.head", "example_server.worker"] },
      triggers_replace: hashes(stack),
    });
    const [{ "local-exec": run }] = wait.provisioner;
    expect(run.command).toBe("sh cloud-init/wait-by-http.sh");
    expect(run.environment).toEqual({
      CLUSTER: "llama",
      HEAD: "gpu-0 (10.30.0.10)",
      REPORT_URL: "http://10.30.0.10:6378",
      TIMEOUT_SECONDS: expect.stringMatching(/^\d{4}$/),
    });
    expect(stack.json.output.endpoint.value).toBe(`\${terraform_data.${name}.output}`);
    expect(stack.files("cloud-init")).toEqual(["llama", "wait-by-http.sh"]);
    expect(stack.file("review.md")).not.toContain("RC511");
  });

  it("over ssh runs on the head's machine with the user's options first", () => {
    const ssh = ReadinessCheck.ssh(undefined, {
      user: "ubuntu",
      sshOptions: ["IdentityFile=~/.ssh/cluster"],
    });
    const stack = synthSite({ readiness: ssh });
    const [, wait] = waitOf(stack);
    const [{ "local-exec": run }] = wait.provisioner;
    expect(run.command).toBe("sh cloud-init/wait-by-ssh.sh");
    const words = (run.environment.SSH_ARGUMENTS as string).split("\n");
    expect(words.slice(0, 4)).toEqual(["-o", "IdentityFile=~/.ssh/cluster", "-o", "BatchMode=yes"]);
    expect(words.slice(-6)).toEqual(["-p", "22", "-l", "ubuntu", "--", "10.30.0.10"]);
    expect(Object.keys(run.environment).sort()).toEqual([
      "CLUSTER",
      "HEAD",
      "SSH_ARGUMENTS",
      "TIMEOUT_SECONDS",
      "WORKLOAD",
    ]);
    expect(stack.files("cloud-init")).toEqual(["llama", "wait-by-ssh.sh", "wait-on-head.sh"]);
    expect(stack.file("review.md")).toContain("- apply waits for the head's verdict over ssh, at most");
  });

  describe("over ssh", () => {
    const texts = (stack: Synthesized) => ["gpu-0", "gpu-worker"].map((name) => textOf(stack, name));
    const served = (servedModel: string, readiness: ReadinessCheck) =>
      synthSite({ readiness }, { engine: new EmulatedServe({ servedModel }) });

    it("brings the workload by its number, and no machine boots with it", () => {
      const [one, other] = ["a", "b"].map((name) => served(name, ReadinessCheck.ssh()));
      expect(texts(other)).toEqual(texts(one));
      const [was, now] = [one, other].map((stack) => waitOf(stack)[1]);
      const [{ "local-exec": run }] = now.provisioner;
      const workload = (run.environment.WORKLOAD as string).replaceAll("$${", "${");
      expect(JSON.parse(workload)).toMatchObject({ cluster: "llama", pools: [{ nodes: 4 }] });
      expect(now.triggers_replace).toEqual([...was.triggers_replace.slice(0, 2), contentHash(workload)]);
      expect(now.triggers_replace[2]).not.toBe(was.triggers_replace[2]);
      expect(one.file("review.md")).toContain("is brought to the head over ssh: the machines stay");
    });

    it("keeps the texts of machines whose number changes, where they have one for each role", () => {
      const stack = synthSite(
        { readiness: ReadinessCheck.ssh() },
        { pools: [{ ...CLUSTER.pools[0], nodes: 2 }] },
      );
      expect(texts(stack)).toEqual(texts(synthSite({ readiness: ReadinessCheck.ssh() })));
    });

    it("is what keeps them: with another check the workload is part of the texts", () => {
      const [one, other] = ["a", "b"].map((name) => served(name, ReadinessCheck.http()));
      expect(texts(other)).not.toEqual(texts(one));
    });
  });

  it.each([
    [
      "http",
      (late: string) => ReadinessCheck.http(`http://${late}:6378`),
      "REPORT_URL",
      /^http:\/\/\$\{var\.late\}:6378$/,
    ],
    ["ssh", (late: string) => ReadinessCheck.ssh(late), "SSH_ARGUMENTS", /\n--\n\$\{var\.late\}$/],
  ] as const)("over %s takes an address that is known only at apply", (_, check, variable, expected) => {
    const stack = synth((scope) => {
      const late = new TerraformVariable(scope, "late", { type: "string" }).stringValue;
      site(scope, { readiness: check(late) });
    });
    const [, wait] = waitOf(stack);
    expect(wait.provisioner[0]["local-exec"].environment[variable]).toMatch(expected);
  });

  it("needs no API of the engine", () => {
    const stack = synthSite({ readiness: ReadinessCheck.http() }, { engine: new RayOnly() });
    expect(waitOf(stack)[1].input).toBe("10.30.0.10:6379");
  });
});
