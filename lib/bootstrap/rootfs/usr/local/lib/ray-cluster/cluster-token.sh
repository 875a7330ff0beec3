#!/usr/bin/env bash
# Keeps the cluster's Ray token in a Docker volume of this machine. The token travels over standard input and output
# only: it is in no argument, no environment, no log. Input, one item per line:
#
#   action <make|renew|print|take>  create one if there is none; create another one; print it; store the given one
#   volume <name>             Docker volume that holds it
#   image <reference>         image that is on this machine already and has a shell
#   token <token>             token for `take`
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
    renew) in_volume "$volume" "$image" "$RENEW" </dev/null ;;
    print) in_volume "$volume" "$image" "cat $FILE" </dev/null ;;
    take)
      [[ "$token" =~ ^[0-9a-f]{64}$ ]] || fatal "what came is not a token; the present one is kept"
      printf '%s' "$token" | in_volume "$volume" "$image" "$TAKE"
      ;;
    *) fatal "unknown action '$action'" ;;
  esac
}

fatal() {
  printf 'token: %s\n' "$*" >&2
  exit 1
}

# Renamed at the end, so that no reader sees half a token.
readonly KEEP="umask 077; cat >$FILE.new; [ -s $FILE.new ] && mv $FILE.new $FILE"
readonly TAKE="$KEEP"
readonly RENEW="od -An -v -N32 -tx1 /dev/urandom | tr -d ' \n' | { $KEEP; }"
readonly MAKE="[ -s $FILE ] || $RENEW"

# Runs a shell command in a container with nothing but the volume. Its output is the token, so no log may record it.
in_volume() {
  docker run --rm --interactive --network none --log-driver none --user 0 \
    --entrypoint sh --mount "type=volume,source=$1,target=/secrets" "$2" -c "$3"
}

main
