#!/bin/sh
# Makes a Debian package of the released programs: deb.sh BIN FOLDER
# Prints its path. Needs dpkg-deb, and dpkg-shlibdeps (dpkg-dev) to name the libraries that it depends on.
set -eu

bin=$1
folder=$2
version=$("$bin/genbatch" --version)
architecture=$(dpkg --print-architecture)
package="$folder/genbatch_${version}_$architecture.deb"
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
tree=$root/debian/genbatch

scripts/install.sh "$bin" /usr "$tree"
find "$tree" -type d -exec chmod 755 {} +
gzip -9n "$tree"/usr/share/man/man1/*.1 "$tree/usr/share/doc/genbatch/CHANGELOG.md"
# Debian's name for the functions of packages.
mv "$tree/usr/share/zsh/site-functions" "$tree/usr/share/zsh/vendor-completions"

# dpkg-shlibdeps wants a source package around it.
printf 'Source: genbatch\n\nPackage: genbatch\nArchitecture: any\n' >"$root/debian/control"
depends=$(cd "$root" && dpkg-shlibdeps -O debian/genbatch/usr/bin/genbatch debian/genbatch/usr/bin/gemini-simulator)
depends=${depends#shlibs:Depends=}
[ -n "$depends" ] || {
    echo "deb: no library was found to depend on" >&2
    exit 1
}

mkdir "$tree/DEBIAN"
cat >"$tree/DEBIAN/control" <<END
Package: genbatch
Version: $version
Architecture: $architecture
Maintainer: genbatch <genbatch@localhost>
Installed-Size: $(du -sk --exclude=DEBIAN "$tree" | cut -f1)
Depends: $depends
Recommends: ca-certificates
Section: utils
Priority: optional
Description: run many prompts through Gemini from one YAML file
 A job file lists prompts, images and settings, or data to make prompts from.
 Answers are streamed, and each is kept in an SQLite file the moment it is
 complete: stop it, kill it, and the same command goes on where it was.
 .
 The package holds a simulator of the API too, for trying jobs without a key.
END
(cd "$tree" && find usr -type f | LC_ALL=C sort | xargs -d '\n' md5sum >DEBIAN/md5sums)
mkdir -p "$folder"
dpkg-deb --build --root-owner-group "$tree" "$package" >&2
echo "$package"
