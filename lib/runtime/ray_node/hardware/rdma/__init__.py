"""RDMA devices: facts from sysfs and the choice among them."""
