#!/bin/sh
# Hands every kind of lock over very often, between processes that are killed and stopped: torture.sh LOCKCTL DIR N
#
# The last line shows that the check can fail: a lock that is stolen in the way that most programs have.
set -eu

lockctl=$1
directory=$(mktemp -d "$2/torture.XXXXXX")
trap 'rm -rf "$directory"' EXIT
failed=

stress() { # WHAT OPTION...
  what=$1
  shift
  if said=$("$lockctl" stress "$directory/box" --hand-overs "$count" "$@" 2>&1); then status=0; else status=$?; fi
  printf '%s: status %s, ' "$what" "$status"
  echo "$said" | awk '/^(holds|hand-overs|steals|left-behind|late|kills|stops|clock-steps|overlaps|robbed) / {
    printf "%s%s %s", separator, $2, $1; separator = ", " } END { print "" }'
}

expect() { # STATUS
  [ "$status" = "$1" ] && [ -z "$(ls -A "$directory")" ] || { echo "$said" >&2 && ls -A "$directory" >&2 && failed=1; }
}

count=$3
for rules in local network mixed; do
  stress "dotlock, $rules rules" --method dotlock --rules $rules && expect 0
done
for method in fcntl flock dotlock+fcntl; do
  stress "$method" --method $method && expect 0
done
# Each step costs the time for which a lock is watched before it is stolen.
count=$((count / 10))
for rules in local network mixed; do
  stress "dotlock, $rules rules, clock steps" --method dotlock --rules $rules --clock-steps && expect 0
done
count=$3
stress 'naive' --method dotlock --naive && expect 70
[ -z "$failed" ]
