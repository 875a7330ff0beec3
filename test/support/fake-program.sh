#!/bin/bash
# Stands in for the program it is called as: writes down the call and answers as the test says. Knows
# nothing but bash itself, so that a test can take every other program out of PATH.
#
#   FAKE_CALLS    file that gets one line per call
#   FAKE_ANSWERS  folder with one file per program: lines `<pattern of the arguments>|<exit code>|<output>`,
#                 where the n-th call with the same arguments gets the n-th line that fits, later ones the last
name="${0##*/}"
call="$name $*"

earlier=0
while IFS= read -r line; do
  [ "$line" = "$call" ] && earlier=$((earlier + 1))
done <"$FAKE_CALLS"
printf '%s\n' "$call" >>"$FAKE_CALLS"

fitting=0
code=0
output=""
while IFS='|' read -r pattern its_code its_output; do
  # shellcheck disable=SC2053 # a pattern is what it is
  if [[ "$*" == $pattern && "$fitting" -le "$earlier" ]]; then
    fitting=$((fitting + 1))
    code="$its_code"
    output="$its_output"
  fi
done <"$FAKE_ANSWERS/$name"

# A machine that runs a script of ours prints the mark of the call before and after its output (see on-host.sh).
mark=""
if [ "$name" = ssh ] && [ "$code" -ne 255 ]; then
  read -t 1 -r mark _ || true
fi
if [[ "$mark" == on-host-* ]]; then
  printf '%b' "${FAKE_BANNER:-}"
  printf '\n%s\n' "$mark"
  trap 'printf "\n%s\n" "$mark"' EXIT
fi

if [ -n "$output" ]; then
  [ "$code" -eq 0 ] && printf '%b\n' "$output" || printf '%b\n' "$output" >&2
fi
exit "$code"
