"""NVIDIA GPUs: what nvidia-smi says of them, and the judgement."""
