#!/usr/bin/env bats
# Sources of secrets, files and passwords.

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

@test "file.sh with a file of root prints it" {
  fake stat '*|0|0 600'
  echo s3cret >"$BATS_TEST_TMPDIR/token"
  run "$PROGRAMS/sources/file.sh" "$BATS_TEST_TMPDIR/token"
  [ "$status" -eq 0 ]
  [ "$output" = s3cret ]
}

@test "file.sh with a file that others can read fails" {
  fake stat '*|0|0 644'
  echo s3cret >"$BATS_TEST_TMPDIR/token"
  run "$PROGRAMS/sources/file.sh" "$BATS_TEST_TMPDIR/token"
  [ "$status" -eq 1 ]
  [[ "$output" == *"must be owned by root with mode 0400 or 0600, got user id and mode 0 644" ]]
}

@test "aws-secret.sh with a value prints it" {
  fake_secrets_manager
  printf 'the value' >"$FAKE_ANSWERS/value"
  run "$AWS_SOURCES/aws-secret.sh" eu-central-1 arn:1
  [ "$status" -eq 0 ]
  [ "$output" = "the value" ]
  grep -q -- "--region eu-central-1 --secret-id arn:1" "$FAKE_CALLS"
}

@test "aws-secret.sh without a value fails on a worker" {
  fake_secrets_manager
  run "$AWS_SOURCES/aws-secret.sh" eu-central-1 arn:1
  [ "$status" -ne 0 ]
  lacks put-secret-value "$FAKE_CALLS"
}

@test "aws-secret.sh create without a value stores a new one, once, and in no argument" {
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

@test "aws-secret.sh create without access or without the secret stores nothing" {
  fake_secrets_manager
  for error in AccessDeniedException "ResourceNotFoundException: can't find the specified secret"; do
    export FAKE_ERROR="$error"
    run "$AWS_SOURCES/aws-secret.sh" eu-central-1 arn:1 create
    [ "$status" -ne 0 ]
  done
  lacks put-secret-value "$FAKE_CALLS"
}

@test "aws-s3.sh and aws-ecr.sh print an object and a password" {
  fake aws '*|0|content'
  run "$AWS_SOURCES/aws-s3.sh" eu-central-1 s3://bucket/files.json
  [ "$output" = content ]
  run "$AWS_SOURCES/aws-ecr.sh" eu-central-1
  [ "$output" = content ]
  [ "$(sed -n 1p "$FAKE_CALLS")" = "aws s3 cp --region eu-central-1 --only-show-errors s3://bucket/files.json -" ]
  "$AWS_SOURCES/aws-s3.sh" eu-central-1 s3://bucket/workloads/ 0123456789ab.json
  [ "$(sed -n 3p "$FAKE_CALLS")" = "aws s3 cp --region eu-central-1 --only-show-errors s3://bucket/workloads/0123456789ab.json -" ]
  [ "$(sed -n 2p "$FAKE_CALLS")" = "aws ecr get-login-password --region eu-central-1" ]
}

@test "aws-parameter.sh prints a parameter, and fails without one" {
  fake aws '*/ready *|0|https://signal.example/' '*|254|ParameterNotFound'
  run "$AWS_SOURCES/aws-parameter.sh" eu-central-1 /ray-cluster/a/ready
  [ "$status" -eq 0 ]
  [ "$output" = "https://signal.example/" ]
  [ "$(cat "$FAKE_CALLS")" = \
    "aws ssm get-parameter --region eu-central-1 --name /ray-cluster/a/ready --query Parameter.Value --output text" ]
  run "$AWS_SOURCES/aws-parameter.sh" eu-central-1 /ray-cluster/b/gone
  [ "$status" -ne 0 ]
}

@test "aws-s3-sync.sh copies a prefix with the CRT client" {
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

@test "url.sh prints a whole file, and fails for other URLs" {
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

# fake_ec2 <groups> <machines>: what the AWS command line finds by the tag.
fake_ec2() {
  fake aws "autoscaling describe*|0|$1" "ec2 describe*|0|$2" '*|0|'
}

@test "aws-stop.sh sets the groups of the tag to zero before it ends the head" {
  fake_ec2 'workers-1\tworkers-2' i-1
  run "$AWS_SOURCES/aws-stop.sh" eu-central-1 llama-boot-1
  [ "$status" -eq 0 ]
  [ "$(grep -c -- '--filters Name=tag:ray-cluster,Values=llama-boot-1' "$FAKE_CALLS")" -eq 2 ]
  grep -E 'update|terminate' "$FAKE_CALLS" >"$BATS_TEST_TMPDIR/changes"
  diff "$BATS_TEST_TMPDIR/changes" - <<'CALLS'
aws autoscaling update-auto-scaling-group --region eu-central-1 --auto-scaling-group-name workers-1 --min-size 0 --desired-capacity 0
aws autoscaling update-auto-scaling-group --region eu-central-1 --auto-scaling-group-name workers-2 --min-size 0 --desired-capacity 0
aws ec2 terminate-instances --region eu-central-1 --instance-ids i-1 --output text
CALLS
}

@test "aws-stop.sh without groups ends the head alone, and fails where it may not" {
  fake_ec2 '' i-1
  run "$AWS_SOURCES/aws-stop.sh" eu-central-1 llama-boot-1
  [ "$status" -eq 0 ]
  lacks update-auto-scaling-group "$FAKE_CALLS"
  fake aws "autoscaling describe*|254|" 'ec2*|0|'
  run "$AWS_SOURCES/aws-stop.sh" eu-central-1 llama-boot-1
  [ "$status" -ne 0 ]
  [ "$(grep -c terminate-instances "$FAKE_CALLS")" -eq 1 ]
}

# EVENTS of the test, through the source for CloudWatch Logs.
ship() { run "$AWS_SOURCES/aws-logs.sh" us-east-1 /ray-cluster/a head/i-1 <<<'[{"timestamp": 1, "message": "a"}]'; }

# aws logs, which keeps the events that it gets; `missing` and `refused` are files of the test.
fake_logs() {
  cat >"$BIN/aws" <<'AWS'
#!/usr/bin/env bash
printf '%s\n' "aws ${*%%file:*}" >>"$FAKE_CALLS"
if [ -e "$FAKE_ANSWERS/refused" ]; then
  echo "An error occurred (AccessDeniedException) when calling the PutLogEvents operation" >&2
  exit 254
fi
case "$2" in
  create-log-stream) rm "$FAKE_ANSWERS/missing" ;;
  put-log-events)
    if [ -e "$FAKE_ANSWERS/missing" ]; then
      echo "An error occurred (ResourceNotFoundException): The specified log stream does not exist." >&2
      exit 254
    fi
    file="$(sed 's|.*file://\([^ ]*\).*|\1|' <<<"$*")"
    cat "$file" >"$FAKE_ANSWERS/events"
    printf '%s' "$file" >"$FAKE_ANSWERS/file"
    ;;
esac
AWS
  chmod +x "$BIN/aws"
}

@test "aws-logs.sh puts the events and leaves no file" {
  fake_logs
  ship
  [ "$status" -eq 0 ]
  [ "$(cat "$FAKE_ANSWERS/events")" = '[{"timestamp": 1, "message": "a"}]' ]
  [ ! -e "$(cat "$FAKE_ANSWERS/file")" ]
  [ "$(wc -l <"$FAKE_CALLS")" -eq 1 ]
}

@test "aws-logs.sh makes the stream of a new machine" {
  fake_logs
  touch "$FAKE_ANSWERS/missing"
  ship
  [ "$status" -eq 0 ]
  [ "$(sed -n 2p "$FAKE_CALLS")" = \
    "aws logs create-log-stream --region us-east-1 --log-group-name /ray-cluster/a --log-stream-name head/i-1" ]
  [ -s "$FAKE_ANSWERS/events" ]
}

@test "aws-logs.sh that is refused says why and makes nothing" {
  fake_logs
  touch "$FAKE_ANSWERS/refused"
  ship
  [ "$status" -eq 1 ]
  [[ "$output" == *AccessDeniedException* ]]
  lacks create-log-stream "$FAKE_CALLS"
}
