#!/usr/bin/env bash
# Keeps the cluster's Ray token in a Docker volume of this machine. The token comes and goes only by standard
# input and output: it is in no argument, no environment, no log. Facts on standard input:
#
#   action <make|print|take>  make one if there is none; print it; take the one that follows
#   volume <name>             Docker volume that holds it
#   image <reference>         image whose shell writes it; it is on this machine already
#   token <token>             what `take` takes
set -euo pipefail

readonly FILE=/secrets/ray-token

main() {
  local key value action="" volume="" image="" token=""
  while read -r key value; do
    case "$key" in
      action) action="$value" ;;
      volume) volume="$value" ;;
      image) image="$value" ;;
      token) token="$value" ;;
    esac
  done
  case "$action" in
    make) in_volume "$volume" "$image" "$MAKE" </dev/null ;;
    print) in_volume "$volume" "$image" "cat $FILE" </dev/null ;;
    take) printf '%s' "$token" | in_volume "$volume" "$image" "$TAKE" ;;
    *) fatal "unknown action '$action'" ;;
  esac
}

fatal() {
  printf 'token: %s\n' "$*" >&2
  exit 1
}

# Its name last, so that nobody ever sees half a token.
readonly KEEP="umask 077; cat >$FILE.new; [ -s $FILE.new ] && mv $FILE.new $FILE"
readonly TAKE="$KEEP"
readonly MAKE="[ -s $FILE ] || od -An -v -N32 -tx1 /dev/urandom | tr -d ' \n' | { $KEEP; }"

# Runs a line of shell in a container that has nothing but the volume. Its output is the token: no log may keep it.
in_volume() {
  docker run --rm --interactive --network none --log-driver none --user 0 \
    --entrypoint sh --mount "type=volume,source=$1,target=/secrets" "$2" -c "$3"
}

main
