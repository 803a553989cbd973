#!/bin/sh
# Finds Bun in the version that package.json names, or installs it into .tools.
# Prints the folder of the bun command; everything else goes to stderr.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }

version=$(sed -n 's/.*"packageManager": *"bun@\([0-9][0-9.]*\)".*/\1/p' package.json)
tools=$PWD/.tools

runs() { [ "$("$1" --version 2>/dev/null || :)" = "$version" ]; }

use() {
  mkdir -p "$tools/bin"
  ln -sf "$1" "$tools/bin/bun"
  ln -sf "$1" "$tools/bin/bunx"
  printf '%s\n' "$tools/bin"
  exit 0
}

on_path=$(command -v bun || :)
for candidate in "$tools/bin/bun" "$tools/node_modules/bun/bin/bun.exe" "$on_path" "${HOME:-/root}/.bun/bin/bun"; do
  if [ -n "$candidate" ] && runs "$candidate"; then
    # Both commands must be beside each other: the scripts of package.json call them by name.
    if [ -x "$(dirname "$candidate")/bunx" ]; then
      dirname "$candidate"
      exit 0
    fi
    use "$candidate"
  fi
done

case "$(uname -s) $(uname -m)" in
  "Linux x86_64") platforms="bun-linux-x64 bun-linux-x64-baseline" ;;
  "Linux aarch64") platforms="bun-linux-aarch64" ;;
  *)
    say "Bun $version is missing. Install it from https://bun.sh and run this again."
    exit 1
    ;;
esac
# Without AVX2 only the baseline build runs.
if ! grep -q avx2 /proc/cpuinfo 2>/dev/null; then platforms=$(echo "$platforms" | sed 's/bun-linux-x64 //'); fi

if ! command -v npm >/dev/null 2>&1; then
  say "Bun $version is missing and there is no npm to install it with."
  sh deploy/apt-install.sh ca-certificates npm || {
    say "Install npm, or Bun $version itself, and run this again."
    exit 1
  }
fi

npm_install() {
  npm install --prefix "$tools" --ignore-scripts --no-audit --no-fund --no-update-notifier \
    --loglevel=error "$1@$version" >&2
}

say "installing Bun $version into .tools"
if ! npm_install bun; then
  say "npm cannot fetch Bun $version; the lines above say why."
  exit 1
fi
# Run here and not by npm: some versions of npm leave out the scripts of packages.
binary=$tools/node_modules/bun/bin/bun.exe
(cd "$tools/node_modules/bun" && node install.js >&2) || :
if runs "$binary"; then use "$binary"; fi
# It chooses by the CPU, and fails where it cannot fetch a second time: name the package instead.
for platform in $platforms; do
  npm_install "@oven/$platform" || continue
  binary=$tools/node_modules/@oven/$platform/bin/bun
  if runs "$binary"; then use "$binary"; fi
done

say "Bun $version is installed but does not run on this machine ($(uname -m))."
say "Install it from https://bun.sh and run this again."
exit 1
