#!/bin/sh
# Terraform as the tests' cdktf runs it. cdktf reads it through a terminal that closes with it: on a loaded machine the last
# lines are lost, which tests look for. So it stays until they have been read.
#
#   E2E_TERRAFORM   the program
set -u
code=0
"$E2E_TERRAFORM" "$@" || code=$?
case "${1:-}" in
  apply | destroy | plan) sleep 1 ;;
esac
exit "$code"
