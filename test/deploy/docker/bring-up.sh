#!/bin/sh
# Brings the bundle up and validates it, in a Docker of its own: to be run as root in its own mount, network and process
# namespace, so that it touches neither the machine's Docker nor its ports. bring-up.sh FOLDER, which holds:
#   root/      a Debian with FFmpeg, Prometheus, Alertmanager and wget, which stands for the images that are pulled
#   grafana/   what the stand-in of Grafana is built from
#   repository/   dist/ with the binary and deploy/truenas/core/ with an .env
# Whatever follows FOLDER is run as Docker Compose.
set -eu
work=$1
shift
DOCKER_HOST=unix://$work/docker.sock
DOCKER_BUILDKIT=0
export DOCKER_HOST DOCKER_BUILDKIT

ip link set lo up
dockerd --host "$DOCKER_HOST" --data-root "$work/docker" --exec-root "$work/exec" --pidfile "$work/docker.pid" \
  >"$work/dockerd.log" 2>&1 &
dockerd=$!

finish() {
  docker ps --quiet --all | xargs -r docker rm --force >/dev/null
  kill $dockerd
  wait $dockerd || :
}

tries=0
until docker info >/dev/null 2>&1; do
  tries=$((tries + 1))
  if [ $tries = 240 ] || ! kill -0 $dockerd 2>/dev/null; then
    echo 'dockerd did not start:'
    tail -n 5 "$work/dockerd.log"
    exit 3
  fi
  sleep 0.5
done
trap finish EXIT

# image NAME [OPTION...] CONTEXT
image() {
  docker build -t "$@" >"$work/build.log" 2>&1 || {
    cat "$work/build.log"
    exit 4
  }
}
stand_in() { printf 'FROM debian:bookworm-slim\nENTRYPOINT ["%s"]\n' "$2" | image "$1" -; }

tar -C "$work/root" -c . | docker import - debian:bookworm-slim >/dev/null
stand_in prom/prometheus:v2.55.0 prometheus
stand_in prom/alertmanager:v0.27.0 prometheus-alertmanager
image grafana/grafana-oss:11.3.0 "$work/grafana"

cd "$work/repository/deploy/truenas/core"
"$@" up --detach --build >"$work/compose.log" 2>&1 || {
  cat "$work/compose.log"
  exit 4
}
status=0
sh validate.sh || status=$?
if [ $status != 0 ]; then docker ps --all; fi
exit $status
