#!/bin/sh
# Installs what is missing of the C libraries, and with `tests`, `bench` or `deb` also what those need.
# Does nothing, and needs no rights, when everything is there.
set -eu

packages="libcurl4-openssl-dev libsqlite3-dev libyaml-dev pkg-config python3"
case "${1:-}" in
tests)
    packages="$packages cron e2fsprogs faketime groff-base jq mount nginx-light openssl procps sqlite3 strace tzdata"
    packages="$packages util-linux"
    ;;
bench) packages="$packages gcc libc6-dev nginx-light openssl python3-venv strace valgrind" ;;
deb) packages="$packages dpkg-dev" ;;
esac

if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "setup: not a Debian system; make sure that the development files of libcurl, sqlite3 and libyaml are there" >&2
    exit 0
fi

missing=""
for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

run=""
[ "$(id -u)" = 0 ] || run="sudo"
echo "setup: installing$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# A fresh machine has no package lists; an old one may have stale ones.
# shellcheck disable=SC2086
$run apt-get install -y -q --no-install-recommends $missing >/dev/null 2>&1 || {
    $run apt-get update -q >/dev/null
    $run apt-get install -y -q --no-install-recommends $missing >/dev/null
}
