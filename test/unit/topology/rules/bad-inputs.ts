import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import type { ClusterProps, NodePool } from "../../../../lib/topology/declaration/cluster-props";
import { ContainerImage } from "../../../../lib/topology/declaration/container-image";
import { Fabric } from "../../../../lib/topology/declaration/fabric";
import type { Place } from "../../../../lib/topology/plan/place";
import { engine } from "../../../support/engines";
import { BAD_STORAGE_INPUTS } from "./bad-storage-inputs";

/** A declaration with one mistake, and the one line that must come of it. */
export interface BadInput {
  readonly line: string;
  /** Changes to two nodes of eight emulated NPUs in containers. */
  readonly props?: Partial<ClusterProps>;
  readonly place?: Partial<Place>;
  /** Changes to four machines of eight H100 instead. */
  readonly machines?: true;
}

const npu = (change: Partial<NodePool> = {}): NodePool => ({
  name: "npu",
  nodes: 2,
  accelerator: Accelerator.EMULATED_NPU,
  acceleratorsPerNode: 8,
  ...change,
});
const pools = (...list: readonly NodePool[]): BadInput["props"] => ({ pools: list });
const image = (reference: string, rayVersion = "2.58.0", pythonVersion?: string): BadInput["props"] => ({
  image: ContainerImage.of(reference, { rayVersion, pythonVersion }),
});
const environment = (name: string, value: string): BadInput["props"] => ({ environment: { [name]: value } });

export const BAD_INPUTS: readonly BadInput[] = [
  // names
  {
    props: { name: "Llama_405B" },
    line: "name [RC001]: must be 1 to 32 lower-case letters, digits and dashes, beginning with a letter and not ending with a dash, got 'Llama_405B'; use 'llama-405b'",
  },
  {
    props: { name: "" },
    line: "name [RC001]: must be 1 to 32 lower-case letters, digits and dashes, beginning with a letter and not ending with a dash, got nothing; give it a name such as 'gpu'",
  },
  {
    props: { name: "a-very-long-name-that-no-host-name-holds" },
    line: "name [RC001]: must be 1 to 32 lower-case letters, digits and dashes, beginning with a letter and not ending with a dash, got 'a-very-long-name-that-no-host-name-holds'; use 'a-very-long-name-that-no-host-na'",
  },
  {
    props: pools(npu({ name: "NPU pool" })),
    place: { addresses: { "NPU pool": ["10.89.28.10", "10.89.28.11"] } },
    line: "pools[0].name [RC002]: must be 1 to 20 lower-case letters, digits and dashes, beginning with a letter and not ending with a dash, got 'NPU pool'; use 'npu-pool'",
  },
  {
    props: pools(npu(), npu()),
    line: "pools[1].name [RC003]: must differ from the name of pools[0], got 'npu'; rename one of them, e.g. 'npu-1'",
  },
  // pools
  {
    props: pools(),
    place: { addresses: {} },
    line: "pools [RC010]: must hold at least one pool, got an empty list; add { name: 'gpu', nodes: 2, accelerator: Accelerator.H100 }",
  },
  {
    props: pools(npu({ nodes: 0 })),
    place: { addresses: { npu: [] } },
    line: "pools[0].nodes [RC011]: must be a whole number from 1 to 1024, got 0; remove the pool or give it a node",
  },
  {
    props: pools(npu({ nodes: 2.5 })),
    line: "pools[0].nodes [RC011]: must be a whole number from 1 to 1024, got 2.5; state how many machines it has",
  },
  {
    props: pools(npu({ nodes: 1e9 })),
    line: "pools[0].nodes [RC011]: must be a whole number from 1 to 1024, got 1000000000; state how many machines it has",
  },
  {
    props: pools(npu({ acceleratorsPerNode: 17 })),
    line: "pools[0].acceleratorsPerNode [RC012]: must be a whole number from 1 to 16 (emulated Ascend NPU), got 17; leave it out for the usual 8",
  },
  {
    props: pools(npu({ acceleratorsPerNode: 0 })),
    line: "pools[0].acceleratorsPerNode [RC012]: must be a whole number from 1 to 16 (emulated Ascend NPU), got 0; leave it out for the usual 8",
  },
  {
    props: pools(npu(), { name: "cpu", nodes: 1, acceleratorsPerNode: 8 }),
    place: { addresses: { npu: ["10.89.28.10", "10.89.28.11"], cpu: ["10.89.28.12"] } },
    line: "pools[1].acceleratorsPerNode [RC012]: must be 0 in a pool without an accelerator, got 8; name the accelerator or leave the number out",
  },
  {
    props: pools(npu({ accelerator: Accelerator.of("emulated-npus") })),
    line: "pools[0].accelerator [RC013]: must be an accelerator of the catalogue, got 'emulated-npus'; did you mean 'emulated-npu'?",
  },
  {
    props: pools(npu({ accelerator: Accelerator.of("tpu-v5e") })),
    line: "pools[0].accelerator [RC013]: must be an accelerator of the catalogue, got 'tpu-v5e'; use one of v100-16, v100-32, a100-40, a100-80, a10g, l4, l40s, rtx-pro-4500, rtx-pro-6000, h100, h200, b200, b300, gb200, ascend-910b-64, ascend-910b-32, ascend-a3, ascend-310p, trainium, trainium2, inferentia2, mi300x, emulated-gpu, emulated-npu",
  },
  {
    props: pools({ name: "npu", nodes: 2 }),
    line: "pools [RC014]: must hold a pool with accelerators, got only pools without accelerators; give a pool an accelerator, e.g. Accelerator.EMULATED_GPU to try it without hardware",
  },
  {
    props: pools(npu(), npu({ name: "gpu", nodes: 1, accelerator: Accelerator.EMULATED_GPU })),
    place: { addresses: { npu: ["10.89.28.10", "10.89.28.11"], gpu: ["10.89.28.12"] } },
    line: "pools[1].accelerator [RC015]: must be of the family 'emulated-npu', as in pool 'npu', got 'emulated-gpu'; use 'emulated-npu' here too, or make two clusters",
  },
  {
    props: pools(npu({ accelerator: Accelerator.ASCEND_910B_64GB })),
    line: "pools[0].accelerator [RC016]: must be an emulated accelerator on the backend 'local', got 'ascend-910b-64'; use 'emulated-npu' or another backend",
  },
  // network
  {
    place: { subnetCidr: "10.89.28.0" },
    line: "backend.subnetCidr [RC020]: must be an IPv4 network of prefix 8 to 30 without host bits, got '10.89.28.0'; use '10.89.28.0/24'",
  },
  {
    place: { subnetCidr: "10.89.28.7/24" },
    line: "backend.subnetCidr [RC020]: must be an IPv4 network of prefix 8 to 30 without host bits, got '10.89.28.7/24'; use '10.89.28.0/24'",
  },
  {
    place: { subnetCidr: "10.89.28.0/31" },
    line: "backend.subnetCidr [RC020]: must be an IPv4 network of prefix 8 to 30 without host bits, got '10.89.28.0/31'; use '10.89.28.0/24'",
  },
  {
    place: { subnetCidr: "fd00::/64" },
    line: "backend.subnetCidr [RC020]: must be an IPv4 network of prefix 8 to 30 without host bits, got 'fd00::/64'; use '10.89.28.0/24'",
  },
  {
    place: { subnetCidr: "8.8.8.0/24", addresses: { npu: ["8.8.8.10", "8.8.8.11"] } },
    line: "backend.subnetCidr [RC024]: must lie in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10, got '8.8.8.0/24' (public); use the machines' internal network",
  },
  {
    place: { subnetCidr: "172.16.0.0/11", addresses: { npu: ["172.16.0.10", "172.16.0.11"] } },
    line: "backend.subnetCidr [RC020]: must be an IPv4 network of prefix 8 to 30 without host bits, got '172.16.0.0/11'; use '172.0.0.0/11'",
  },
  {
    place: { subnetCidr: "192.168.0.0/15", addresses: { npu: ["192.168.0.10", "192.168.0.11"] } },
    line: "backend.subnetCidr [RC024]: must lie in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10, got '192.168.0.0/15' (public); use the machines' internal network",
  },
  {
    place: { addresses: { npu: ["10.89.28.10"] } },
    line: "backend.addresses.npu [RC021]: must hold 2 addresses, one for each node, got 1; use a larger subnet, name more machines or plan fewer nodes",
  },
  {
    place: { addresses: { npu: ["10.89.28.10", "10.89.28.11", "10.89.28.12"] } },
    line: "backend.addresses.npu [RC021]: must hold 2 addresses, one for each node, got 3; name only 2 machines or plan 3 nodes",
  },
  {
    place: { addresses: { npu: ["10.89.28.10", "10.89.29.11"] } },
    line: "backend.addresses.npu[1] [RC022]: must be an IPv4 address of a host in 10.89.28.0/24, got '10.89.29.11'; give the address that the machine has on the cluster network",
  },
  {
    place: { addresses: { npu: ["10.89.28.10", "npu-1.example"] } },
    line: "backend.addresses.npu[1] [RC022]: must be an IPv4 address of a host in 10.89.28.0/24, got 'npu-1.example'; give the address that the machine has on the cluster network",
  },
  {
    place: { addresses: { npu: ["10.89.28.255", "10.89.28.11"] } },
    line: "backend.addresses.npu[0] [RC022]: must be an IPv4 address of a host in 10.89.28.0/24, got '10.89.28.255'; give the address that the machine has on the cluster network",
  },
  {
    place: { addresses: { npu: ["10.89.28.10", "10.89.28.10"] } },
    line: "backend.addresses.npu[1] [RC023]: must differ from backend.addresses.npu[0], got '10.89.28.10'; give every machine its own address",
  },
  {
    place: { addresses: { npu: ["10.89.28.10", "10.89.28.11"], npus: ["10.89.28.12"] } },
    line: "backend.addresses.npus [RC025]: must name a pool of the cluster (npu), got 'npus'; did you mean 'npu'?",
  },
  {
    place: { addresses: {} },
    line: "backend.addresses.npu [RC026]: must hold the address of the head, the first node of the first pool, got no addresses; put a pool with given addresses first, e.g. a pool of one node for the head",
  },
  {
    place: { addresses: {}, headAddress: "10.89.29.10" },
    line: "backend.headAddress [RC022]: must be an IPv4 address of a host in 10.89.28.0/24, got '10.89.29.10'; give the address that the machine has on the cluster network",
  },
  {
    machines: true,
    place: { networkMode: "bridge" },
    line: "backend.networkMode [RC027]: must be 'host' with more than one machine, got 'bridge'; use the host's network",
  },
  // ports
  {
    props: { ports: { gcs: 80 } },
    line: "ports.gcs [RC030]: must be a port from 1024 to 65535, a range from its lower to its upper end, got 80; leave it out for the default or choose a free port",
  },
  {
    props: { ports: { nodeManager: 70000 } },
    line: "ports.nodeManager [RC030]: must be a port from 1024 to 65535, a range from its lower to its upper end, got 70000; leave it out for the default or choose a free port",
  },
  {
    props: { ports: { workersFrom: 12000 } },
    line: "ports.workersFrom [RC030]: must be a port from 1024 to 65535, a range from its lower to its upper end, got 12000-10999; leave it out for the default or choose a free port",
  },
  {
    props: { ports: { gcs: 8265 } },
    line: "ports.gcs [RC031]: must not overlap 'dashboard' (8265, Ray dashboard), got 8265; choose a port that nothing else of the node uses",
  },
  {
    props: { ports: { objectManager: 16666 } },
    line: "ports.objectManager [RC031]: must not overlap 'hccl-npu' (16666, HCCL between NPUs, listen port of the device network), got 16666; choose a port that nothing else of the node uses",
  },
  {
    props: { engine: engine({ port: 10500 }) },
    line: "engine.port [RC031]: must not overlap 'workers' (10002-10999, Ray worker processes), got 10500; choose a port that nothing else of the node uses",
  },
  {
    props: { engine: engine({ ports: [{ name: "rendezvous", from: 6378, to: 6378, where: "head" }] }) },
    line: "engine.ports.rendezvous [RC031]: must not overlap 'node-report' (6378, reports of the nodes to the head's node program), got 6378; choose a port that nothing else of the node uses",
  },
  {
    props: {
      engine: engine({
        port: 23333,
        argv: ["vllm", "serve", "--kv-transfer-config", '{"kv_connector":"MooncakeConnectorV1"}'],
      }),
    },
    line: "engine.port [RC031]: must not overlap 'mooncake' (20000-27999, Mooncake transfer engine, taken at random from the range), got 23333; choose a port that nothing else of the node uses",
  },
  {
    props: environment("HCCL_IF_BASE_PORT", "16660"),
    line: "environment.HCCL_IF_BASE_PORT [RC031]: must not overlap 'hccl-npu' (16666, HCCL between NPUs, listen port of the device network), got 16660-16691; choose a port that nothing else of the node uses",
  },
  {
    props: { ports: { workersFrom: 10002, workersTo: 10010 } },
    line: "ports.workersTo [RC032]: must leave at least 18 ports from workersFrom on, got 10002-10010 (9 ports); use 10019 or more",
  },
  {
    props: { ports: { gsc: 6400 } as object },
    line: "ports.gsc [RC033]: must be a port of Ray or of the node program, got 'gsc'; use one of nodeFiles, nodeReport, gcs, nodeManager, objectManager, runtimeEnvAgent, dashboardAgentGrpc, dashboardAgentListen, metricsExport, dashboard, workersFrom, workersTo",
  },
  // environment
  {
    props: environment("HCCL-BUFFSIZE", "200"),
    line: "environment.HCCL-BUFFSIZE [RC040]: must be letters, digits and underscores, not beginning with a digit, got 'HCCL-BUFFSIZE'; correct the name",
  },
  {
    props: environment("NOTE", "two\nlines"),
    line: "environment.NOTE [RC041]: must be text without line breaks, got 'two\\nlines'; give one line of text, or name a file",
  },
  {
    props: { environment: { OMP_THREADS: 4 as unknown as string } },
    line: "environment.OMP_THREADS [RC041]: must be text without line breaks, got 4 (a number); give one line of text, or name a file",
  },
  {
    props: environment("HCCL_IF_IP", "10.89.28.10"),
    line: "environment.HCCL_IF_IP [RC042]: must not be set here: HCCL_IF_IP differs from node to node (address HCCL uses between hosts; wins over HCCL_SOCKET_IFNAME), got '10.89.28.10'; remove it: each node finds its own value",
  },
  {
    props: environment("HCCL_SOCKET_IFNAME", "eth0"),
    line: "environment.HCCL_SOCKET_IFNAME [RC042]: must not be set here: HCCL_SOCKET_IFNAME differs from node to node (interfaces HCCL may use between hosts; = before an exact name), got 'eth0'; remove it: each node finds its own value",
  },
  {
    props: { driverEnvironment: { HCCL_BUFFSIZE: "1024" } },
    line: "driverEnvironment.HCCL_BUFFSIZE [RC043]: must not be set here: HCCL_BUFFSIZE has the scope 'cluster' (set before ray start), got '1024'; move it to environment",
  },
  {
    props: environment("WORLD_SIZE", "2"),
    line: "environment.WORLD_SIZE [RC044]: must not be set here: WORLD_SIZE has the scope 'driver' (set before engine start), got '2'; move it to driverEnvironment",
  },
  {
    props: { environment: { A: "1" }, driverEnvironment: { A: "2" } },
    line: "driverEnvironment.A [RC045]: must not be set besides environment.A, got '2'; remove one of the two",
  },
  {
    props: environment("RAY_AUTH_TOKEN", "abc"),
    line: "environment.RAY_AUTH_TOKEN [RC046]: must not be set: RAY_AUTH_TOKEN belongs to the node program, which hands Ray the token's file and never the token, got a value; remove it",
  },
  {
    props: environment("RAY_AUTH_MODE", "none"),
    line: "environment.RAY_AUTH_MODE [RC046]: must not be set: RAY_AUTH_MODE belongs to the node program, got 'none'; remove it",
  },
  {
    props: environment("ASCEND_RT_VISIBLE_DEVICES", "0,1"),
    line: "environment.ASCEND_RT_VISIBLE_DEVICES [RC042]: must not be set here: ASCEND_RT_VISIBLE_DEVICES differs from node to node (NPUs a process may see: those that the plan gives to the cluster), got '0,1'; remove it: each node finds its own value",
  },
  {
    props: environment("HF_TOKEN", "hf_secret"),
    line: "environment.HF_TOKEN [RC047]: must not hold a secret, got a value (not shown); put it into a file on the nodes and name that with HF_TOKEN_PATH or what your program takes",
  },
  {
    props: environment("AWS_SECRET_ACCESS_KEY", "secret"),
    line: "environment.AWS_SECRET_ACCESS_KEY [RC047]: must not hold a secret, got a value (not shown); put it into a file on the nodes and name that with AWS_SECRET_ACCESS_KEY_PATH or what your program takes",
  },
  {
    props: environment("HCCL_BUFFSIZE", "1024MB"),
    line: "environment.HCCL_BUFFSIZE [RC048]: must be a whole number of at least 1 MB, without its unit, got '1024MB'; write the number alone, e.g. '1024'",
  },
  {
    props: environment("HCCL_CONNECT_TIMEOUT", "60"),
    line: "environment.HCCL_CONNECT_TIMEOUT [RC048]: must be a whole number from 120 to 7200 s, got '60'; use 120 or more",
  },
  {
    props: environment("HCCL_CONNECT_TIMEOUT", "9999"),
    line: "environment.HCCL_CONNECT_TIMEOUT [RC048]: must be a whole number from 120 to 7200 s, got '9999'; use 7200 or less",
  },
  {
    props: environment("HCCL_OP_EXPANSION_MODE", "AIVV"),
    line: "environment.HCCL_OP_EXPANSION_MODE [RC048]: must be 'AI_CPU', 'AICPU_CacheDisable', 'AICPU_TS', 'AIV', 'CCU_MS', 'CCU_SCHED', 'HOST' or 'HOST_TS', got 'AIVV'; did you mean 'AIV'?",
  },
  {
    props: environment("HCCL_WHITELIST_DISABLE", "true"),
    line: "environment.HCCL_WHITELIST_DISABLE [RC048]: must be '0' or '1', got 'true'; use 0 or 1",
  },
  {
    props: environment("HCCL_NPU_SOCKET_PORT_RANGE", "100-50"),
    line: "environment.HCCL_NPU_SOCKET_PORT_RANGE [RC048]: must be 'auto' or ranges of ports from 1024 to 65535, got '100-50'; use e.g. '61000-61049'",
  },
  {
    props: environment("ASCEND_RANK_TABLE_FILE_PATH", "rank_table.json"),
    line: "environment.ASCEND_RANK_TABLE_FILE_PATH [RC048]: must be an absolute path in the container, got 'rank_table.json'; did you mean '/rank_table.json'?",
  },
  {
    props: { environment: { HCCL_INTRA_PCIE_ENABLE: "1", HCCL_INTRA_ROCE_ENABLE: "1" } },
    line: "environment.HCCL_INTRA_ROCE_ENABLE [RC049]: must not be 1 together with HCCL_INTRA_PCIE_ENABLE, got '1'; set one of the two to 0",
  },
  {
    props: { addressVariables: ["MY_ADDRESS"], environment: { MY_ADDRESS: "x" } },
    line: "addressVariables[0] [RC051]: must not be set besides environment.MY_ADDRESS, got 'MY_ADDRESS'; remove one of the two",
  },
  {
    props: { addressVariables: ["HCCL_BUFFSIZE"] },
    line: "addressVariables[0] [RC051]: must differ from node to node, but HCCL_BUFFSIZE has the scope 'cluster', got 'HCCL_BUFFSIZE'; remove it",
  },
  {
    props: { interfaceVariables: ["RAY_ADDRESS"] },
    line: "interfaceVariables[0] [RC051]: must not be set: RAY_ADDRESS belongs to the node program, got 'RAY_ADDRESS'; remove it",
  },
  {
    props: { addressVariables: ["MINE"], interfaceVariables: ["MINE"] },
    line: "interfaceVariables[0] [RC051]: must not be set besides addressVariables[0], got 'MINE'; remove one of the two",
  },
  {
    props: { engine: engine({ environment: { HCCL_IF_IP: "10.89.28.10" } }) },
    line: "engine.environment.HCCL_IF_IP [RC042]: must not be set here: HCCL_IF_IP differs from node to node (address HCCL uses between hosts; wins over HCCL_SOCKET_IFNAME), got '10.89.28.10'; remove it: each node finds its own value",
  },
  {
    props: { engine: engine({ environment: { HF_TOKEN: "hf_secret" } }) },
    line: "engine.environment.HF_TOKEN [RC047]: must not hold a secret, got a value (not shown); put it into a file on the nodes and name that with HF_TOKEN_PATH or what your program takes",
  },
  // image and Ray
  {
    props: image("Registry/Image:1"),
    line: "image [RC060]: must be repository:tag or repository@sha256:<digest>, the repository in lower case, got 'Registry/Image:1'; copy the reference from the registry",
  },
  {
    props: image("vllm/vllm-openai"),
    line: "image [RC061]: must have a tag that does not move, or a digest, got 'vllm/vllm-openai'; pin the version or the digest, or set allowFloatingTag",
  },
  {
    props: image("vllm/vllm-openai:latest"),
    line: "image [RC061]: must have a tag that does not move, or a digest, got 'vllm/vllm-openai:latest'; pin the version or the digest, or set allowFloatingTag",
  },
  {
    props: image("lmdeploy_dlinfer/ascend:a2-latest"),
    line: "image [RC061]: must have a tag that does not move, or a digest, got 'lmdeploy_dlinfer/ascend:a2-latest'; pin the version or the digest, or set allowFloatingTag",
  },
  {
    props: image("vllm/vllm-openai@sha256:abc"),
    line: "image [RC062]: must have a digest of the form sha256:<64 hex digits>, got 'sha256:abc'; copy the whole digest, as docker inspect prints it",
  },
  {
    props: image("a:1", "newest"),
    line: "image.rayVersion [RC063]: must be a version such as '2.58.0', got 'newest'; state what 'ray --version' prints in the image",
  },
  {
    props: image("a:1", "2.46.0"),
    line: "image.rayVersion [RC064]: must be 2.47.0 or newer, got '2.46.0'; use a newer image",
  },
  {
    props: image("a:1", "2.58.0", "3.9.18"),
    line: "image.pythonVersion [RC066]: must be a version, 3.10.0 or newer, got '3.9.18'; state what 'python3 --version' prints in the image, or leave it out",
  },
  {
    props: { engine: engine({ rayVersions: { maximum: "2.48.0" } }) },
    line: "image.rayVersion [RC065]: must be 2.48.0 or older for the engine 'test', got '2.58.0'; use the image that the engine was released with",
  },
  {
    props: { engine: engine({ rayVersions: { minimum: "2.60.0" } }) },
    line: "image.rayVersion [RC065]: must be 2.60.0 or newer, got '2.58.0'; the engine 'test' needs it",
  },
  // engine
  {
    props: { engine: engine({ argv: [] }) },
    line: "engine.argv [RC070]: must begin with a program, each argument an entry of its own, got nothing; split the line, e.g. ['vllm', 'serve', '/models/m']",
  },
  {
    props: { engine: engine({ argv: ["vllm serve m"] }) },
    line: "engine.argv [RC070]: must begin with a program, each argument an entry of its own, got 'vllm serve m'; split the line, e.g. ['vllm', 'serve', '/models/m']",
  },
  {
    props: { engine: engine({ healthPath: "health" }) },
    line: "engine.healthPath [RC071]: must begin with '/', got 'health'; did you mean '/health'?",
  },
  {
    props: { engine: engine({ completion: { path: "v1/completions", body: {} } }) },
    line: "engine.completion.path [RC071]: must begin with '/', got 'v1/completions'; did you mean '/v1/completions'?",
  },
  {
    props: { engine: engine({ argv: ["vllm", "serve", "--api-key", "sk-1"] }) },
    line: "engine.argv[2] [RC072]: must not carry a secret, got '--api-key'; put it into a file on the nodes and let the engine read that",
  },
  {
    props: { engine: engine({ argv: ["vllm", "--hf-token=hf_1"] }) },
    line: "engine.argv[1] [RC072]: must not carry a secret, got '--hf-token'; put it into a file on the nodes and let the engine read that",
  },
  {
    props: { engine: engine({ servedModel: "my model" }) },
    line: "engine.servedModel [RC073]: must be a name without blanks, got 'my model'; give the name under which the API serves the model",
  },
  {
    props: { engine: engine({ files: [{ path: "serve.py", source: "/x" }] }) },
    line: "engine.files[0].path [RC074]: must begin with '/', got 'serve.py'; did you mean '/serve.py'?",
  },
  {
    props: {
      engine: engine({
        files: [
          { path: "/a.py", source: "/x" },
          { path: "/a.py", source: "/y" },
        ],
      }),
    },
    line: "engine.files[1].path [RC074]: must differ from the path of engine.files[0], got '/a.py'; give one of them another path",
  },
  {
    props: { engine: engine({ ports: [{ name: "gcs", from: 7000, to: 7000, where: "head" }] }) },
    line: "engine.ports.gcs [RC075]: must not be the name of another port of the cluster, got 'gcs'; call it 'test-gcs'",
  },
  {
    props: { engine: engine({ port: 0 }) },
    line: "engine.port [RC030]: must be a port from 1024 to 65535, a range from its lower to its upper end, got 0; leave it out for the default or choose a free port",
  },
  // deadlines
  {
    props: { membershipTimeoutSeconds: 0 },
    line: "membershipTimeoutSeconds [RC080]: must be a whole number of seconds from 10 to 86400, got 0; leave it out for the default",
  },
  {
    props: { stopTimeoutSeconds: 1.5 },
    line: "stopTimeoutSeconds [RC080]: must be a whole number of seconds from 5 to 600, got 1.5; leave it out for the default",
  },
  {
    props: { engineTimeoutSeconds: Infinity },
    line: "engineTimeoutSeconds [RC080]: must be a whole number of seconds from 1 to 86400, got Infinity; leave it out for the default",
  },
  {
    props: { engineStartAttempts: 0 },
    line: "engineStartAttempts [RC081]: must be a whole number from 1 to 20, got 0; leave it out for 3",
  },
  // fabric
  {
    props: { fabric: Fabric.of("infinibnad") },
    line: "fabric [RC090]: must be 'efa', 'infiniband', 'roce' or 'tcp', got 'infinibnad'; did you mean 'infiniband'?",
  },
  {
    props: { fabric: Fabric.INFINIBAND },
    line: "fabric [RC093]: must be 'tcp' with emulated accelerators, got 'infiniband'; use Fabric.TCP",
  },
  {
    machines: true,
    props: { pools: [{ name: "gpu", nodes: 4, accelerator: Accelerator.ASCEND_A3 }] },
    line: "fabric [RC091]: must be 'roce' or 'tcp' for accelerators that use HCCL, got 'infiniband'; use 'roce'",
  },
  {
    machines: true,
    props: environment("NCCL_NET", "Socket"),
    line: "environment.NCCL_NET [RC092]: must be 'IB' with the fabric 'infiniband', got 'Socket'; remove it, or declare another fabric",
  },
  {
    machines: true,
    props: environment("NCCL_IB_DISABLE", "1"),
    line: "environment.NCCL_IB_DISABLE [RC092]: must not be 1 with the fabric 'infiniband', got '1'; remove it, or declare another fabric",
  },
  ...BAD_STORAGE_INPUTS,
];
