#!/bin/sh
# From a fresh Debian or Ubuntu to a moving picture: sh deploy/quickstart.sh [--detach]
# Installs what is missing, starts `serve --demo` and prints the addresses once the picture runs.
# Every CORE_... variable passes through to the server.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }

detach=
case "${1:-}" in
  "") ;;
  --detach) detach=yes ;;
  *)
    say "usage: sh deploy/quickstart.sh [--detach]"
    say "  --detach   leave the server running in the background"
    exit 2
    ;;
esac

mkdir -p .tools
pid_file=.tools/quickstart.pid
log_file=.tools/quickstart.log

# By now another process may have its id, after a reboot for instance.
if [ -f "$pid_file" ] && grep -qsF src/main.ts "/proc/$(cat "$pid_file")/cmdline"; then
  say "The server of an earlier quickstart is running. Stop it first: kill $(cat "$pid_file")"
  exit 1
fi

tools=$(sh deploy/install-bun.sh) || exit 1
PATH=$tools:$PATH
export PATH

if ! command -v "${CORE_FFMPEG_BINARY:-ffmpeg}" >/dev/null 2>&1; then
  if [ -n "${CORE_FFMPEG_BINARY:-}" ]; then
    say "CORE_FFMPEG_BINARY=$CORE_FFMPEG_BINARY is no program. Correct it, or unset it to use the system's FFmpeg."
    exit 1
  fi
  say "FFmpeg is missing."
  sh deploy/apt-install.sh ffmpeg || exit 1
fi

bun install --frozen-lockfile --production --silent || {
  say "The dependencies could not be installed; the lines above say why."
  exit 1
}

# Ports in use, a wrong setting, an FFmpeg without an encoder: known before anything starts.
report=$(bun src/main.ts check 2>&1) && checked=0 || checked=$?
if [ "$checked" != 0 ]; then
  printf '%s\n' "$report" | sed '/^effective configuration:/,/^$/d; /^ok /d' >&2
  say "The server cannot start like this."
  [ "$checked" != 2 ] || exit 2
  say "If another one runs, end it or give this one other ports:"
  say "  CORE_ADDRESS=127.0.0.1:8081 CORE_WEBRTC_UDP_PORT=8190 CORE_WEBRTC_LEG_PORTS=20000-20599 sh deploy/quickstart.sh"
  exit 1
fi

# A session of its own: Ctrl-C reaches the server once, through this script, as one orderly stop.
own_session=
if command -v setsid >/dev/null 2>&1; then own_session=setsid; fi

if [ -n "$detach" ]; then
  $own_session bun src/main.ts serve --demo </dev/null >"$log_file" 2>&1 &
  server=$!
  echo "$server" >"$pid_file"
  if ! bun deploy/wait-ready.ts "$server"; then
    cat "$log_file" >&2
    kill "$server" 2>/dev/null || :
    rm -f "$pid_file"
    exit 1
  fi
  say "log:     $log_file"
  say "stop:    kill $server"
  exit 0
fi

# If this script is killed, the server goes too.
tied=
if command -v setpriv >/dev/null 2>&1; then tied="setpriv --pdeathsig TERM --"; fi
# shellcheck disable=SC2086 # lists of words
$own_session $tied bun src/main.ts serve --demo &
server=$!
trap 'kill -TERM "$server" 2>/dev/null || :' INT TERM HUP

bun deploy/wait-ready.ts "$server" || kill -TERM "$server" 2>/dev/null || :

status=0
while :; do
  wait "$server" && status=0 || status=$?
  # A signal ends the wait, not the server.
  kill -0 "$server" 2>/dev/null || break
done
exit "$status"
