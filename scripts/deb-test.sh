#!/bin/sh
# Installs a package, uses what it holds, and removes it again: deb-test.sh PACKAGE
# Needs root, and a machine that has the libraries; is skipped without.
set -eu

package=$(realpath "$1")
if [ "$(id -u)" != 0 ]; then
    echo "deb-test: skipped: installing a package needs root (sudo make deb-test)" >&2
    exit 0
fi
fail() {
    echo "deb-test: $1" >&2
    exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

! dpkg-query -W genbatch >/dev/null 2>&1 || fail "genbatch is installed already; remove it first"
trap 'dpkg --purge genbatch >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
# What lintian would look at first: owners, rights, and no file outside /usr.
dpkg-deb --contents "$package" >"$work/contents"
! grep -v ' root/root ' "$work/contents" || fail "a file is not root's"
! grep -E '^-.{4}w|^-.{7}w' "$work/contents" || fail "a file may be written by others"
awk '{ print $6 }' "$work/contents" | grep -vE '^\./(usr/.*)?$' && fail "a file is outside /usr"
for name in 'libcurl4' 'libsqlite3-0' 'libyaml-0-2' 'libc6'; do
    dpkg-deb --field "$package" Depends | grep -q "$name" || fail "the package does not depend on $name"
done

# Small images of Debian leave documents out.
dpkg --path-include='/usr/share/*' --install "$package" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "cannot be installed"; }
dpkg --verify genbatch || fail "installed files differ from the package"
cd "$work"
[ "$(/usr/bin/genbatch --version)" = "$(dpkg-deb --field "$package" Version)" ] || fail "another version answers"
genbatch init >/dev/null 2>&1
genbatch run prompts.yaml --simulate --quiet || fail "the first job does not run"
[ "$(genbatch export prompts.yaml | wc -l)" = 2 ] || fail "the first job has not two answers"
genbatch check /usr/share/doc/genbatch/jobs/quickstart.yaml >/dev/null || fail "a sample job is not right"
for link in $(grep -o '](docs/[a-z.-]*' /usr/share/doc/genbatch/README.md | cut -c 3- | sort -u); do
    [ -e "/usr/share/doc/genbatch/$link" ] || fail "the README leads to $link, which is not there"
done
for page in genbatch genbatch-run gemini-simulator; do
    zcat "/usr/share/man/man1/$page.1.gz" >"$work/page" || fail "there is no manual page $page"
    if command -v man >/dev/null; then
        man -l "$work/page" | grep -q SYNOPSIS || fail "man cannot show $page"
    fi
done
bash -c '. /usr/share/bash-completion/completions/genbatch && complete -p genbatch >/dev/null' || fail "bash does not complete"

dpkg --list genbatch | tail -n 1
dpkg --remove genbatch >/dev/null
[ ! -e /usr/bin/genbatch ] || fail "genbatch is still there"
[ ! -e /usr/share/doc/genbatch ] || fail "documents are still there"
echo "deb-test: installed, used and removed"
