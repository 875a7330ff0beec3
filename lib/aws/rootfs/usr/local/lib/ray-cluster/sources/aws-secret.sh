#!/usr/bin/env bash
# Source of a secret: AWS Secrets Manager, with the rights of the machine's role.
#
#   aws-secret.sh REGION ARN           what is in there; fails as long as there is nothing
#   aws-secret.sh REGION ARN create    the same, but puts a new random value in where there is none
set -euo pipefail

main() {
  local region="$1" secret="$2"
  if [ "${3:-}" = create ] && is_empty "$region" "$secret"; then
    put "$region" "$secret"
  fi
  aws secretsmanager get-secret-value --region "$region" --secret-id "$secret" \
    --query SecretString --output text
}

# Only "there is no value" is emptiness: a wrong region or a missing right must not end in a new value.
is_empty() {
  local answer
  ! answer="$(aws secretsmanager get-secret-value --region "$1" --secret-id "$2" \
    --query VersionId --output text 2>&1)" && [[ "$answer" == *ResourceNotFoundException*AWSCURRENT* ]]
}

# The value goes by a pipe: arguments are there for everybody on the machine to see.
put() {
  head -c 32 /dev/urandom | od -An -vtx1 | tr -d ' \n' |
    aws secretsmanager put-secret-value --region "$1" --secret-id "$2" \
      --secret-string file:///dev/stdin >/dev/null
}

main "$@"
