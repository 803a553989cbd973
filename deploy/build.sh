#!/bin/sh
# Builds dist/dragonfork also where neither Bun nor the dependencies are yet: sh deploy/build.sh [--target=TARGET]
set -eu
cd "$(dirname "$0")/.."
PATH=$(sh deploy/install-bun.sh):$PATH
export PATH
bun install --frozen-lockfile --production --silent
exec bun deploy/build.ts "$@"
