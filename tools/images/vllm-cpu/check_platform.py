"""Fails where vLLM would not run in this image: its platform, its compiled library, its program."""

import shutil

from vllm.platforms import current_platform

WANTED = ("vllm_cpu_ray.platform", "cpu", "GPU")


def main() -> None:
    found = (type(current_platform).__module__, current_platform.device_type, current_platform.ray_device_key)
    if found != WANTED:
        raise SystemExit(f"vLLM runs on the platform {found}, not on {WANTED}")
    current_platform.import_kernels()
    for program in ("vllm", "ray"):
        if shutil.which(program) is None:
            raise SystemExit(f"no program {program} in PATH")
    print("vLLM runs on", *found)


if __name__ == "__main__":
    main()
