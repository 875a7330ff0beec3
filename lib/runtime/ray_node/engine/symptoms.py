"""Words of engines and of what they run on whose remedy is known.

Each has a line in `test/fixtures/engine-output/reported.json`, with the public reports that it comes from.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Symptom:
    #: Found in a line of the output.
    words: re.Pattern[str]
    #: What to do, as a sentence's end.
    fix: str
    #: Another start of the same declaration on the same machines ends the same way.
    is_final: bool = False


def _symptom(words: str, fix: str, is_final: bool = False) -> Symptom:
    return Symptom(re.compile(words), fix, is_final)


#: The first that fits a line counts.
SYMPTOMS = (
    _symptom(
        r"does not recognize this architecture|Model architectures? .* (is|are) not supported",
        "the engine of the image is older than the model: use a newer image",
        is_final=True,
    ),
    _symptom(
        r"trust_remote_code\s*=\s*True|--trust-remote-code",
        "the model's folder has code of its own: read it, then add '--trust-remote-code' to extraArguments",
        is_final=True,
    ),
    _symptom(
        r"no kernel image is available for execution on the device",
        "the image was not built for this kind of GPU: use one that was (its CUDA, its compute capability)",
        is_final=True,
    ),
    _symptom(
        r"NVIDIA driver on your system is too old|CUDA driver version is insufficient"
        r"|forward compatibility was attempted on non supported HW",
        "update the driver of the machine, or use an image for an older CUDA",
        is_final=True,
    ),
    _symptom(
        r"undefined symbol",
        "packages of the image do not fit one another (often another PyTorch than the engine was built for): "
        "add none that replaces one of the base",
        is_final=True,
    ),
    _symptom(
        r"larger than the (available KV cache memory|maximum number of tokens that can be stored in KV cache)"
        r"|No available memory for the cache blocks",
        "lower maxModelLen, or raise the engine's share of the memory",
        is_final=True,
    ),
    _symptom(
        r"Failed to find C compiler",
        "Triton compiles kernels while the engine starts, and the image has no compiler: use one that has "
        "gcc, or build it in",
        is_final=True,
    ),
    _symptom(
        r"Could not find nvcc|No such file or directory: 'nvcc'|nvcc: not found",
        "FlashInfer compiles kernels while the engine starts, and the image has no nvcc: use one with CUDA's "
        "compiler, or add flashinfer-jit-cache in the version of flashinfer-python",
        is_final=True,
    ),
    _symptom(
        r"Error setting (ASCEND_RT|CUDA|HIP)_VISIBLE_DEVICES: local range",
        "more replicas were planned for a node than it has accelerators: the replicas of one node times "
        "their accelerators must fit there",
        is_final=True,
    ),
    _symptom(
        r"invalid device ordinal",
        "a process was given an accelerator that its node does not have: remove CUDA_VISIBLE_DEVICES, "
        "HIP_VISIBLE_DEVICES and LOCAL_RANK from environment and from the image",
    ),
    _symptom(
        r"uncorrectable (NVLink|ECC) error",
        "the GPU's memory or link is broken: `nvidia-smi -q` and Xid lines of `dmesg` on that machine name "
        "it; reset it or restart the machine, and replace it where that returns",
    ),
    _symptom(
        r"hccl fftsplus task timeout|Watchdog caught collective operation timeout",
        "a collective did not end because one rank had stopped before: look for the rank whose error came "
        "first, and at the links between the nodes",
    ),
    _symptom(
        r"error code:? ?(is )?50701[45]\b|aicore execution (times out|is abnormal)",
        "a kernel failed on the NPU: its plog below ~/ascend/log says which; '--enforce-eager', without the "
        "feature that brought the kernel, or another release of the image goes around it",
    ),
    _symptom(
        r"HarmonyError: error downloading or loading vocab file",
        "gpt-oss reads its vocabulary from the internet: put o200k_base.tiktoken on storage of the cluster, "
        "and name its folder by TIKTOKEN_ENCODINGS_BASE in environment",
    ),
    _symptom(
        r"offline mode is enabled|outgoing traffic has been disabled|OfflineModeIsEnabled"
        r"|is not a valid model identifier",
        "engines start without a hub: what this one asks for must be in the model's folder, or be a "
        "folder of its own (a draft model, a tokenizer, code of another repository)",
    ),
    _symptom(
        r"Can't load tokenizer for|Couldn't instantiate the backend tokenizer",
        "the model's folder lacks its tokenizer, or the image is older than the model",
    ),
    _symptom(
        r"HeaderTooLarge|InvalidHeaderDeserialization|MetadataIncompleteBuffer",
        "a file of the model is cut off or none: `ray_node preflight --verify-model` names it",
    ),
    _symptom(
        r"Free memory on device .* less than desired",
        "something else holds the memory: see nvidia-smi on the machine, and end it",
    ),
    _symptom(
        r"killed due to memory pressure|exceeds the memory usage threshold"
        r"|killed due to the node running low on memory",
        "Ray ended a worker because the machine's own memory was full: end what else uses it, use a machine "
        "with more, or set RAY_memory_usage_threshold",
    ),
    _symptom(
        r"(CUDA|NPU|HIP) out of memory",
        "lower the engine's share of the memory, maxModelLen or the sequences of a batch, or use more "
        "accelerators",
    ),
    _symptom(
        r"(creating|attaching to) shared memory segment|posix_fallocate failed|SIGBUS received|[Bb]us error",
        "the container's shared memory is used up: raise sharedMemoryMiB of the backend",
    ),
    _symptom(
        r"cannot open shared object file",
        "a library is not found: of the driver (see the mounts of the machine), or in a folder that the "
        "image names in a shell file (shellFiles)",
    ),
    _symptom(
        r"EI0006|EI0009|Getting socket times out|Transport init error",
        "another rank did not come in time: look at the first node that failed, at the NPUs' links and TLS "
        "switches; a slow start needs a longer HCCL_CONNECT_TIMEOUT",
    ),
    _symptom(
        r"connectFullMesh failed|client socket has timed out",
        "two nodes do not reach one another at the ports that the kernel chooses: look at firewalls between "
        "them, and at GLOO_SOCKET_IFNAME, if the image sets it",
    ),
    _symptom(
        r"RayChannelTimeoutError|RAY_CGRAPH_get_timeout",
        "Ray's compiled graph waited in vain: VllmExecutor.MP does without it, RAY_CGRAPH_get_timeout in "
        "environment lets it wait longer",
    ),
    _symptom(
        r"system not yet initialized|cudaErrorSystemNotReady",
        "the NVSwitches of the machine are not set up: nvidia-fabricmanager must run there, in the "
        "version of the driver",
    ),
    _symptom(
        r"Call to ibv_\w+ failed with error Cannot allocate memory",
        "the process may not lock enough memory: `ulimit -l` in the container must say unlimited",
    ),
    _symptom(
        r"PermissionError: \[Errno 13\]",
        "the container's user may not use that path: look at its mode; on NFS root is nobody, unless the "
        "export says no_root_squash",
    ),
    _symptom(
        r"Current node has no (GPU|NPU) available",
        "vLLM's driver needs an accelerator on the head that nothing else in Ray holds: see `ray list "
        "placement-groups` and `ray list actors`",
    ),
    _symptom(
        r"Timed out after \d+ seconds waiting for clients|Timed out waiting for engines to send",
        "processes on other nodes did not start, or do not reach the head: look at the first error of each "
        "node, and at firewalls between them",
    ),
    _symptom(
        r"Ray does not allocate any GPUs on the driver node|number of required GPUs exceeds the total number"
        r"|No available node types can fulfill resource request",
        "Ray has fewer free accelerators, or other addresses of nodes, than the engine asks for: compare "
        "`ray status` and `ray list nodes` with the plan; VLLM_HOST_IP in the image must be removed",
    ),
    _symptom(
        r"Too many open files",
        "the container's limit of open files is used up: `ulimit -n` in it must be 65536 or more, which an "
        "engine's own start script may lower",
    ),
    _symptom(
        r"Timed out waiting \d+ms for (recv|send) operation",
        "another process of the group did not answer any more: look at the node that it ran on, and at what "
        "it said last",
    ),
    _symptom(
        r"unhandled system error|ncclSystemError|ncclInternalError|Proxy Call to rank \d+ failed",
        "NCCL_DEBUG=WARN in environment lets NCCL say which call failed",
    ),
)


def find(line: str) -> Symptom | None:
    return next((symptom for symptom in SYMPTOMS if symptom.words.search(line)), None)
