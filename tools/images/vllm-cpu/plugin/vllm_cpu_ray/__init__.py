"""Lets vLLM's Ray executor run on CPUs: a platform plugin of vLLM (entry point `vllm.platform_plugins`)."""


def register() -> str:
    """The platform that vLLM is to use, as it wants to be told: by name."""
    return "vllm_cpu_ray.platform.CpuRayPlatform"
