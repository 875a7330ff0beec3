#!/usr/bin/env bats
# Secrets are stored in files that only root can read.

load support

setup() {
  set_up_boot
  copy_programs
  has settings "secret_seconds=0"
}

fetch_secrets() {
  run "$PROGRAMS/fetch-secrets.sh"
}

@test "fetch-secrets.sh stores what the source prints, readable by its owner only" {
  step sources/vault.sh <<'STEP'
printf "s3cret of %s %s" "$1" "$2"
STEP
  has secrets "ray-token vault.sh here there" "model vault.sh m x"
  fetch_secrets
  [ "$status" -eq 0 ]
  [ "$(cat "$RUN_FOLDER/secrets/ray-token")" = "s3cret of here there" ]
  [ "$(cat "$RUN_FOLDER/secrets/model")" = "s3cret of m x" ]
  [ "$(stat -c %a "$RUN_FOLDER/secrets")" = 700 ]
  [ "$(stat -c %a "$RUN_FOLDER/secrets/ray-token")" = 600 ]
}

@test "fetch-secrets.sh keeps secrets of model sources in a folder of their own" {
  # shellcheck disable=SC2016 # the script's own argument
  step sources/vault.sh <<<'printf "s3cret of %s" "$1"'
  has secrets "ray-token vault.sh ray"
  has model-secrets "model vault.sh hub"
  fetch_secrets
  [ "$status" -eq 0 ]
  [ "$(ls "$RUN_FOLDER/secrets")" = ray-token ]
  [ "$(cat "$RUN_FOLDER/model-secrets/model")" = "s3cret of hub" ]
  [ "$(stat -c %a "$RUN_FOLDER/model-secrets")" = 700 ]
  [ "$(stat -c %a "$RUN_FOLDER/model-secrets/model")" = 600 ]
}

@test "fetch-secrets.sh prints no value" {
  step sources/vault.sh <<<'echo s3cret'
  has secrets "ray-token vault.sh"
  fetch_secrets
  [ "$status" -eq 0 ]
  [[ "$output" != *s3cret* ]]
}

@test "fetch-secrets.sh with a source that fails tries again" {
  has settings "secret_seconds=60"
  step sources/vault.sh <<'STEP'
f="$RUN_FOLDER/tries"; echo >>"$f"; [ "$(wc -l <"$f")" -ge 3 ] && echo s3cret
STEP
  has secrets "ray-token vault.sh"
  fetch_secrets
  [ "$status" -eq 0 ]
  [ "$(cat "$RUN_FOLDER/secrets/ray-token")" = s3cret ]
}

@test "fetch-secrets.sh with an empty answer fails and names the source" {
  step sources/vault.sh <<<'true'
  has secrets "ray-token vault.sh arn:1"
  fetch_secrets
  [ "$status" -eq 1 ]
  [ "$(cat "$RUN_FOLDER/failure")" = "could not fetch secret 'ray-token': vault.sh arn:1 failed or returned nothing" ]
  [ ! -e "$RUN_FOLDER/secrets/ray-token" ]
}

@test "fetch-secrets.sh with a source that fails keeps the value that was fetched before" {
  mkdir "$RUN_FOLDER/secrets"
  echo old >"$RUN_FOLDER/secrets/ray-token"
  step sources/vault.sh <<<'echo half; exit 1'
  has secrets "ray-token vault.sh"
  fetch_secrets
  [ "$status" -eq 1 ]
  [ "$(cat "$RUN_FOLDER/secrets/ray-token")" = old ]
}

@test "fetch-secrets.sh with a source that reads its standard input fetches all secrets" {
  step sources/greedy.sh <<<'cat >/dev/null; echo s3cret'
  has secrets "one greedy.sh" "two greedy.sh"
  fetch_secrets
  [ "$status" -eq 0 ]
  [ "$(cat "$RUN_FOLDER/secrets/two")" = s3cret ]
}
