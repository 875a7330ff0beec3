#!/usr/bin/env bash
# Prints a secret of AWS Secrets Manager, with the machine's instance role.
#
#   aws-secret.sh REGION ARN           the value; fails while there is none
#   aws-secret.sh REGION ARN create    the same, but stores a random value first where there is none
set -euo pipefail

main() {
  local region="$1" secret="$2"
  if [ "${3:-}" = create ] && is_empty "$region" "$secret"; then
    put "$region" "$secret"
  fi
  aws secretsmanager get-secret-value --region "$region" --secret-id "$secret" \
    --query SecretString --output text
}

# Only a secret without a value is empty: a wrong region or a missing permission must not lead to a new value.
is_empty() {
  local answer
  ! answer="$(aws secretsmanager get-secret-value --region "$1" --secret-id "$2" \
    --query VersionId --output text 2>&1)" && [[ "$answer" == *ResourceNotFoundException*AWSCURRENT* ]]
}

# The value goes through a pipe: arguments are visible to everybody on the machine.
put() {
  head -c 32 /dev/urandom | od -An -vtx1 | tr -d ' \n' |
    aws secretsmanager put-secret-value --region "$1" --secret-id "$2" \
      --secret-string file:///dev/stdin >/dev/null
}

main "$@"
