#!/usr/bin/env bats
# wait-by-http.sh: the verdict of a head, as curl brings it.

setup() {
  SCRIPT="$BATS_TEST_DIRNAME/../../lib/cloud-init/wait-by-http.sh"
  BIN="$BATS_TEST_TMPDIR/bin"
  export PAUSE_SECONDS=0.1 ANSWERS="$BATS_TEST_TMPDIR/answers" CALLS="$BATS_TEST_TMPDIR/calls"
  mkdir "$BIN"
  touch "$ANSWERS" "$CALLS"
  PATH="$BIN:$PATH"
  fake_curl
}

# Each line of `answers` is one answer, the last one for ever: an HTTP status and a body, or `error` and what curl says.
fake_curl() {
  cat >"$BIN/curl" <<'CURL'
#!/usr/bin/env bash
printf '%s\n' "$*" >>"$CALLS"
mapfile -t answers <"$ANSWERS"
[ "${#answers[@]}" -eq 1 ] || printf '%s\n' "${answers[@]:1}" >"$ANSWERS"
read -r status body <<<"${answers[0]}"
if [ "$status" = error ]; then
  printf 'curl: %s\n' "$body" >&2
  printf 000
  exit 7
fi
while [ "$1" != --output ]; do shift; done
printf '%s' "$body" >"$2"
printf '%s' "$status"
CURL
  chmod +x "$BIN/curl"
}

answers() { printf '%s\n' "$@" >"$ANSWERS"; }

wait_by_http() {
  CLUSTER=llama HEAD='gpu-0 (10.30.0.10)' REPORT_URL="${2:-http://10.30.0.10:6378}" TIMEOUT_SECONDS="$1" \
    run "${SHELL_UNDER_TEST:-sh}" "$SCRIPT"
}

@test "a head that serves ends the wait with its text" {
  answers '200 {"verdict": "serving", "text": "cluster '"'llama'"' is serving\n  completion: \"hi\" \\ C:\\\\tmp"}'
  wait_by_http 60
  [ "$status" -eq 0 ]
  [ "$output" = "cluster 'llama' is serving"$'\n''  completion: "hi" \ C:\\tmp' ]
}

@test "a head that waits is asked again, and each text is printed once" {
  answers '503 {"verdict": "waiting", "text": "formed: 3 of 4 nodes"}' '503 {"verdict": "waiting", "text": "formed: 3 of 4 nodes"}' \
    '503 {"text": "loading", "verdict": "waiting"}' '200 {"verdict":"serving","text":"it serves"}'
  wait_by_http 60
  [ "$status" -eq 0 ]
  [ "$output" = $'formed: 3 of 4 nodes\nloading\nit serves' ]
}

@test "a head that has failed ends the wait at once with its reason" {
  answers '500 {"verdict": "failed", "text": "cluster '"'llama'"' is not serving: engine died\n  culprit: gpu-2 (10.30.0.12)"}'
  wait_by_http 60
  [ "$status" -eq 1 ]
  [ "${#lines[@]}" -eq 3 ]
  [ "${lines[0]}" = "cluster 'llama' is not serving: engine died" ]
  [ "${lines[1]}" = '  culprit: gpu-2 (10.30.0.12)' ]
  [ "${lines[2]}" = '  to try again after the repair, on gpu-0 (10.30.0.10): systemctl restart ray-cluster' ]
  [ "$(wc -l <"$CALLS")" -eq 1 ]
}

@test "a head that cannot be reached is tried again" {
  answers 'error (7) Failed to connect' 'error (7) Failed to connect' '200 {"verdict": "serving", "text": "it serves"}'
  wait_by_http 60
  [ "$status" -eq 0 ]
  [ "$output" = $'no answer from http://10.30.0.10:6378/ready: curl: (7) Failed to connect\nit serves' ]
}

@test "an answer without a verdict is no verdict, whatever its status" {
  answers '200 <html>"verdict" of a proxy</html>'
  wait_by_http 1
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = 'http://10.30.0.10:6378/ready answers HTTP 200 without a verdict: is this the report port of gpu-0 (10.30.0.10)?' ]
}

@test "a verdict that is quoted in a text is no verdict" {
  answers '500 {"text": "it said \"verdict\": \"serving\"", "verdict": "failed"}'
  wait_by_http 60
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = 'it said "verdict": "serving"' ]
}

@test "the deadline passes with the last text and where to look" {
  answers '503 {"verdict": "waiting", "text": "loading"}'
  wait_by_http 1
  [ "$status" -eq 1 ]
  [ "${lines[-4]}" = "cluster 'llama' is not serving: timed out after 1 s: loading" ]
  [ "${lines[-3]}" = '  asked: http://10.30.0.10:6378/ready' ]
  [ "${lines[-2]}" = '  look on gpu-0 (10.30.0.10): docker exec ray-cluster python3 -m ray_node status' ]
  [ "${lines[-1]}" = '  if its container is not running: /run/ray-cluster/failure' ]
}

@test "control characters of an answer do not reach the terminal" {
  answers $'200 {"verdict": "serving", "text": "a\e[31mb\\u001b[0m\xc2\x9b2J\x7f"}'
  wait_by_http 60
  [ "$status" -eq 0 ]
  [ "$output" = 'a[31mb\u001b[0m2J' ]
}

@test "a base URL may end with a slash, and no request outlives the deadline" {
  answers '200 {"verdict": "serving", "text": "x"}'
  wait_by_http 9 http://127.0.0.1:7000/
  [ "$status" -eq 0 ]
  [[ "$(cat "$CALLS")" =~ --max-time\ [89]\ .*\ http://127.0.0.1:7000/ready$ ]]
}

@test "bash runs the script as sh does" {
  SHELL_UNDER_TEST=bash
  answers '200 {"verdict": "serving", "text": "a\nb"}'
  wait_by_http 60
  [ "$status" -eq 0 ]
  [ "$output" = $'a\nb' ]
}
