#!/bin/sh
# Installs Debian or Ubuntu packages that are missing, and says plainly when it can't.
# Usage: sh deploy/apt-install.sh PACKAGE...
set -eu

say() { printf '%s\n' "$*" >&2; }

missing=
for package in "$@"; do
  if ! dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed'; then
    missing="$missing $package"
  fi
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
  say "missing:$missing. This machine has no apt-get; install the same by its own means and run this again."
  exit 1
fi

as_root=
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    say "missing:$missing. Run this as root, or let root run: apt-get install$missing"
    exit 1
  fi
  as_root=sudo
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT

install() {
  # shellcheck disable=SC2086 # both are lists of words
  $as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends $missing </dev/null >"$log" 2>&1
}

say "installing$missing"
# The package lists are only fetched where the known ones do not do.
# shellcheck disable=SC2086
if ! apt-get install -s -qq --no-install-recommends $missing >/dev/null 2>&1 || ! install; then
  $as_root apt-get update -qq </dev/null >&2 || say "apt-get update failed; trying with the lists that are there"
  if ! install; then
    cat "$log" >&2
    say "missing:$missing. apt-get cannot install it; the lines above say why."
    exit 1
  fi
fi
