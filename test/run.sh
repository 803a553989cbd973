#!/bin/sh
# Everything this project is tested by: sh test/run.sh. The last line is `N passed, N failed`.
# Installs what the tests need where it is missing. test/TESTING.md says how to run one part.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*"; }

passed=0
failed=0
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

# name, passed, failed, skipped, seconds
report() {
  passed=$((passed + $2))
  failed=$((failed + $3))
  skipped=
  if [ "$4" != 0 ]; then skipped=", $4 skipped"; fi
  say "$(printf '%-8s' "$1") $2 passed, $3 failed$skipped  ($5 s)"
}

# Counts as one test: step NAME COMMAND...
step() {
  name=$1
  shift
  from=$(date +%s)
  if "$@" >"$logs/$name" 2>&1; then
    report "$name" 1 0 0 $(($(date +%s) - from))
  else
    cat "$logs/$name"
    report "$name" 0 1 0 $(($(date +%s) - from))
  fi
}

# The number before a word in the summary of `bun test`.
count() { sed -n "s/^ *\([0-9][0-9]*\) $2\$/\1/p" "$1" | tail -n 1; }

# Runs the tests of one folder. A folder that neither git nor the disk has is not there yet.
suite() {
  name=$1
  if [ -z "$(find "test/$name" -name '*.test.ts' 2>/dev/null | head -n 1)" ]; then
    if git ls-files "test/$name" 2>/dev/null | grep -q '\.test\.ts$'; then
      say "test/$name is in git but not on the disk"
      report "$name" 0 1 0 0
    fi
    return 0
  fi
  from=$(date +%s)
  status=0
  # The limit is for what hangs: a shared machine may stand still for Bun's default of 5 s.
  timeout 1800 bun test --timeout 60000 "./test/$name" >"$logs/$name" 2>&1 || status=$?
  good=$(count "$logs/$name" pass)
  bad=$(count "$logs/$name" fail)
  skip=$(count "$logs/$name" skip)
  # It can also end without a failed test: an error between two tests, a crash, the time limit.
  if [ "$status" != 0 ] && [ "${bad:-0}" = 0 ]; then bad=1; fi
  if [ "${bad:-0}" != 0 ]; then
    grep -v '^(pass)' "$logs/$name" || :
    if [ "$status" = 124 ]; then say "test/$name took longer than 30 minutes"; fi
  fi
  report "$name" "${good:-0}" "${bad:-0}" "${skip:-0}" $(($(date +%s) - from))
}

# need COMMAND PACKAGE: installs the package where the command is missing.
need() {
  if command -v "$1" >/dev/null 2>&1; then return 0; fi
  sh deploy/apt-install.sh "$2" || say "$1 is missing: the tests that need it will fail"
}

tools=$(sh deploy/install-bun.sh) || exit 1
# /usr/sbin has ip and iptables; Go may be installed where its own archive puts it.
PATH=$tools:$PATH:/usr/sbin:/usr/local/go/bin
export PATH

need ffmpeg ffmpeg
need chromium chromium
need firefox-esr firefox-esr
need promtool prometheus
need amtool prometheus-alertmanager
need go golang
need ip iproute2
need iptables iptables
need debootstrap debootstrap
need dockerd docker.io
need docker-compose docker-compose
need curl curl
need jq jq
# Debian's Python comes without the module that makes an environment.
if ! python3 -c 'import ensurepip' 2>/dev/null; then sh deploy/apt-install.sh python3-venv || :; fi

bun install --frozen-lockfile --silent || {
  say "The dependencies could not be installed; the lines above say why."
  exit 1
}

step types bun run types
step lint bun run lint
step format bun run format:check
step knip bun run knip
step build bun run build
# From here on the binary is what is tested.
export DRAGONFORK_BINARY="$PWD/dist/dragonfork"

for folder in unit api media browser deploy; do suite "$folder"; done

say "$passed passed, $failed failed"
[ "$failed" = 0 ]
