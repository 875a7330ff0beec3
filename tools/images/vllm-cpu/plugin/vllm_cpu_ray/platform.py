"""vLLM's CPU platform, with the Ray resource that it lacks."""

from vllm.platforms.cpu import CpuPlatform


class CpuRayPlatform(CpuPlatform):
    #: vLLM refuses Ray on a platform that names no resource. Ray counts the GPUs that it is told of.
    ray_device_key = "GPU"

    @classmethod
    def get_device_communicator_cls(cls) -> str:
        return "vllm_cpu_ray.communicator.HostAwareCommunicator"
