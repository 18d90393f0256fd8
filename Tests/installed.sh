#!/bin/sh
# Installs into an empty directory and looks for exactly what is promised, then uninstalls and looks for what is left.
# `make check` runs it after the programs are built; nothing is built here.
set -eu

cd "$(dirname "$0")/.."
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
complain() {
  echo "install: $*" >&2
  exit 1
}
files() { (cd "$root" && find . ! -type d | LC_ALL=C sort); }
run() { "${MAKE:-make}" --no-print-directory -s "$@" DESTDIR="$root" PREFIX=/opt/mail >"$root.log" 2>&1 || complain "$(cat "$root.log")"; }
trap 'rm -rf "$root" "$root.log"' EXIT

expected=$(
  {
    for program in dotlock mboxappend maildir2mbox lockctl; do echo "./opt/mail/bin/$program"; done
    for page in man/*.[1-8]; do echo "./opt/mail/share/man/man${page##*.}/${page##*/}"; done
    for sample in etc/*.yaml; do echo "./opt/mail/share/doc/mailbox-locking/${sample##*/}"; done
    echo ./opt/mail/share/doc/mailbox-locking/README.md
    echo ./opt/mail/share/bash-completion/completions/lockctl
    echo ./opt/mail/share/zsh/site-functions/_lockctl
    echo ./opt/mail/share/fish/vendor_completions.d/lockctl.fish
    echo ./etc/dotlock.yaml
  } | LC_ALL=C sort
)

# Root's umask is often 077, and the programs and pages are everybody's all the same.
umask 077
run install
[ "$(files)" = "$expected" ] || complain "installed: $(files)"
for file in $(files); do [ -s "$root/$file" ] || complain "$file is empty"; done
[ -z "$(find "$root/etc" "$root/opt" ! -perm -a+r)" ] || complain 'not everybody can read everything'
cmp -s etc/dotlock.yaml "$root/etc/dotlock.yaml" || complain 'the policy is not the sample'
for program in dotlock mboxappend maildir2mbox lockctl; do
  # Static programs run in an empty root, whatever libraries the machine has.
  "$root/opt/mail/bin/$program" --version >/dev/null || complain "$program does not run"
  case $(od -An -tx1 -N4 "$root/opt/mail/bin/$program") in *7f*45*4c*46*) ;; *) complain "$program is no program" ;; esac
done

# A policy that the site has written is not touched, by nobody.
echo 'version: 1' >"$root/etc/dotlock.yaml"
run install
[ "$(cat "$root/etc/dotlock.yaml")" = 'version: 1' ] || complain 'the site policy was overwritten'
run uninstall
[ "$(files)" = ./etc/dotlock.yaml ] || complain "left by uninstall: $(files)"
[ ! -e "$root/opt/mail/share/doc/mailbox-locking" ] || complain 'the directory of the samples was left'
echo 'install: exact, and uninstall leaves only the policy'
