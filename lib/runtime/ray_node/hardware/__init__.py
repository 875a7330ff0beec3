"""Accelerators and RDMA adapters as this machine has them."""
