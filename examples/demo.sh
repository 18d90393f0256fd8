#!/bin/sh
# Delivers the messages beside this file to one mailbox, from many processes at the same time, and shows what came of
# it. `make demo` runs it with the built programs on PATH. Exits 0 only if every message is there and nothing else is.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
place=$(mktemp -d "${TMPDIR:-/tmp}/mailbox-demo.XXXXXX")
trap 'rm -rf "$place"' EXIT
trap 'exit 1' HUP INT TERM
cp "$here/../etc/dotlock.yaml" "$place/dotlock.yaml"
cd "$place"

# Nothing of the caller's mail set-up may lend its sender or its lock to the demonstration.
unset UFLINE RPLINE DTLINE SENDER

failed=0
sent=0
processes=
for message in "$here"/messages/*.eml; do
  # As in a .qmail file: dotlock takes the lock, the program under it appends.
  dotlock --policy dotlock.yaml ./Mailbox mboxappend --policy dotlock.yaml ./Mailbox <"$message" &
  processes="$processes $!"
  # As in Postfix's main.cf: mboxappend does both.
  mboxappend --policy dotlock.yaml ./Mailbox <"$message" &
  processes="$processes $!"
  sent=$((sent + 2))
done
for process in $processes; do
  wait "$process" || failed=$((failed + 1))
done

found=$(grep -c '^From ' Mailbox || :)
echo "$sent deliveries by $sent processes at the same time, half of them as 'dotlock ./Mailbox mboxappend ./Mailbox':"
echo "$found messages in the mailbox, $failed deliveries failed"
echo
LC_ALL=C sed -n 's/^From .*/  &/p' Mailbox
echo
echo 'The policy for this mailbox, and where each setting comes from (lockctl policy explain ./Mailbox):'
echo
lockctl policy explain --policy dotlock.yaml ./Mailbox
echo
echo 'What is in the directory now:'
echo
ls -la

left=$(ls -A | grep -v -x -e Mailbox -e dotlock.yaml || :)
echo
if [ -n "$left" ]; then
  echo "left behind: $left" >&2
  exit 1
elif [ "$failed" != 0 ] || [ "$found" != "$sent" ]; then
  echo "$sent messages were sent, $found are there" >&2
  exit 1
fi
echo 'Every message is there, and no lock, journal or spool is left behind.'
