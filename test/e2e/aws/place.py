"""Where and whose everything in the emulated region is."""

ACCOUNT = "123456789012"
REGION = "us-east-1"
