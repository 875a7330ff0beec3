#!/usr/bin/env bats
# Where secrets, files and passwords come from.

load support

setup() {
  set_up_boot
  AWS_SOURCES="$BATS_TEST_DIRNAME/../../lib/aws/rootfs/usr/local/lib/ray-cluster/sources"
}

# Answers as the AWS command line does, with a secret that lies in a file.
fake_secrets_manager() {
  cat >"$BIN/aws" <<'AWS'
#!/usr/bin/env bash
printf '%s\n' "aws $*" >>"$FAKE_CALLS"
value="$FAKE_ANSWERS/value"
if [ "$2" = put-secret-value ]; then
  cat >"$value"
elif [ -n "${FAKE_ERROR:-}" ]; then
  echo "An error occurred ($FAKE_ERROR)" >&2
  exit 254
elif [ -e "$value" ]; then
  cat "$value"
else
  echo "An error occurred (ResourceNotFoundException) when calling the GetSecretValue operation:" \
    "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT" >&2
  exit 254
fi
AWS
  chmod +x "$BIN/aws"
}

@test "a file that only root reads" {
  fake stat '*|0|0 600'
  echo s3cret >"$BATS_TEST_TMPDIR/token"
  run "$PROGRAMS/sources/file.sh" "$BATS_TEST_TMPDIR/token"
  [ "$status" -eq 0 ]
  [ "$output" = s3cret ]
}

@test "not a file that others read" {
  fake stat '*|0|0 644'
  echo s3cret >"$BATS_TEST_TMPDIR/token"
  run "$PROGRAMS/sources/file.sh" "$BATS_TEST_TMPDIR/token"
  [ "$status" -eq 1 ]
  [[ "$output" == *"must belong to root and be closed to all others (owner and mode are 0 644)" ]]
}

@test "a secret of AWS that exists" {
  fake_secrets_manager
  printf 'the value' >"$FAKE_ANSWERS/value"
  run "$AWS_SOURCES/aws-secret.sh" eu-central-1 arn:1
  [ "$status" -eq 0 ]
  [ "$output" = "the value" ]
  grep -q -- "--region eu-central-1 --secret-id arn:1" "$FAKE_CALLS"
}

@test "a secret of AWS that is empty is nothing, for a worker" {
  fake_secrets_manager
  run "$AWS_SOURCES/aws-secret.sh" eu-central-1 arn:1
  [ "$status" -ne 0 ]
  lacks put-secret-value "$FAKE_CALLS"
}

@test "the head puts a new value into an empty one, once, and in no argument" {
  fake_secrets_manager
  run "$AWS_SOURCES/aws-secret.sh" eu-central-1 arn:1 create
  [ "$status" -eq 0 ]
  [[ "$output" =~ ^[0-9a-f]{64}$ ]]
  lacks "$output" "$FAKE_CALLS"
  local first="$output"
  run "$AWS_SOURCES/aws-secret.sh" eu-central-1 arn:1 create
  [ "$output" = "$first" ]
  [ "$(grep -c put-secret-value "$FAKE_CALLS")" -eq 1 ]
}

@test "a missing right or a missing secret never ends in a new value" {
  fake_secrets_manager
  for error in AccessDeniedException "ResourceNotFoundException: can't find the specified secret"; do
    export FAKE_ERROR="$error"
    run "$AWS_SOURCES/aws-secret.sh" eu-central-1 arn:1 create
    [ "$status" -ne 0 ]
  done
  lacks put-secret-value "$FAKE_CALLS"
}

@test "an object of S3, and the password of a registry" {
  fake aws '*|0|content'
  run "$AWS_SOURCES/aws-s3.sh" eu-central-1 s3://bucket/files.json
  [ "$output" = content ]
  run "$AWS_SOURCES/aws-ecr.sh" eu-central-1
  [ "$output" = content ]
  [ "$(sed -n 1p "$FAKE_CALLS")" = "aws s3 cp --region eu-central-1 --only-show-errors s3://bucket/files.json -" ]
  [ "$(sed -n 2p "$FAKE_CALLS")" = "aws ecr get-login-password --region eu-central-1" ]
}

@test "a parameter of AWS, and none as long as there is none" {
  fake aws '*/ready *|0|https://signal.example/' '*|254|ParameterNotFound'
  run "$AWS_SOURCES/aws-parameter.sh" eu-central-1 /ray-cluster/a/ready
  [ "$status" -eq 0 ]
  [ "$output" = "https://signal.example/" ]
  [ "$(cat "$FAKE_CALLS")" = \
    "aws ssm get-parameter --region eu-central-1 --name /ray-cluster/a/ready --query Parameter.Value --output text" ]
  run "$AWS_SOURCES/aws-parameter.sh" eu-central-1 /ray-cluster/b/gone
  [ "$status" -ne 0 ]
}

@test "files below a prefix of S3, over many connections" {
  cat >"$BIN/aws" <<'AWS'
#!/usr/bin/env bash
printf '%s\n' "aws $*" >>"$FAKE_CALLS"
cat "$AWS_CONFIG_FILE" >>"$FAKE_CALLS"
echo "$AWS_CONFIG_FILE" >"$FAKE_ANSWERS/settings"
exit "${FAKE_CODE:-0}"
AWS
  chmod +x "$BIN/aws"
  run "$AWS_SOURCES/aws-s3-sync.sh" eu-central-1 s3://bucket/llama/ /disk/models
  [ "$status" -eq 0 ]
  [ "$(sed -n 1p "$FAKE_CALLS")" = \
    "aws s3 sync --region eu-central-1 --only-show-errors s3://bucket/llama/ /disk/models" ]
  grep -q "preferred_transfer_client = crt" "$FAKE_CALLS"
  [ ! -e "$(cat "$FAKE_ANSWERS/settings")" ]
  FAKE_CODE=1 run "$AWS_SOURCES/aws-s3-sync.sh" eu-central-1 s3://bucket/llama/ /disk/models
  [ "$status" -eq 1 ]
}

@test "a file at an address, whole or not at all" {
  local source="$BATS_TEST_DIRNAME/../../lib/cloud-init/rootfs/usr/local/lib/ray-cluster/sources/url.sh"
  echo '{}' >"$BATS_TEST_TMPDIR/program.json"
  run "$source" "file://$BATS_TEST_TMPDIR/program.json"
  [ "$status" -eq 0 ]
  [ "$output" = '{}' ]
  run "$source" "file://$BATS_TEST_TMPDIR/none"
  [ "$status" -ne 0 ]
  run "$source" "ftp://127.0.0.1/program.json"
  [ "$status" -ne 0 ]
}
