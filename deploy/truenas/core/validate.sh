#!/bin/sh
# Follows the checklist of README.md ("Does it work?") against the bundle that runs here, and prints pass or FAIL for each
# line. Needs curl and docker. Takes about a minute. Exit code 0 only where every line passes.
# VALIDATE_SECONDS: how long it waits for what takes its time: a first start, two scrapes and evaluations; 90 unless given.
set -u
cd "$(dirname "$0")" || exit 2

# A value of .env; compose's file is no shell script.
setting() {
  value=$(sed -n "s/^$1=//p" .env 2>/dev/null | tail -n 1 | sed "s/^[\"']\(.*\)[\"']\$/\1/")
  printf '%s' "${value:-$2}"
}

# host:port of a published port, which may have an address before it.
address() {
  case $1 in
    0.0.0.0:* | :*) printf '127.0.0.1:%s' "${1##*:}" ;;
    *:*) printf '%s' "$1" ;;
    *) printf '127.0.0.1:%s' "$1" ;;
  esac
}

core_id=$(setting CORE_ID dragonfork-truenas)
core=http://127.0.0.1:$(setting CORE_HTTP_PORT 8080)
prom=http://$(address "$(setting PROM_PORT 9090)")
grafana=http://$(address "$(setting GRAFANA_PORT 3000)")
alertmanager=http://$(address "$(setting ALERTMANAGER_PORT 9093)")
password=$(setting GRAFANA_ADMIN_PASSWORD '')
metrics_user=$(setting CORE_METRICS_USERNAME '')
metrics_password=$(setting CORE_METRICS_PASSWORD '')

case ,$(setting COMPOSE_PROFILES ''), in
  *,alerting,*) alerting=yes ;;
  *) alerting=no ;;
esac

passed=0
failed=0

# Begins a wait that the lines which follow have in common, so that one cause is not waited for again by each.
wait_anew() { deadline=$(($(date +%s) + ${VALIDATE_SECONDS:-90})); }
is_over() { [ "$(date +%s)" -ge "$deadline" ]; }

# check NAME COMMAND...: one line of the checklist. What the command prints is shown where it fails.
check() {
  name=$1
  shift
  if output=$("$@" 2>&1); then
    passed=$((passed + 1))
    printf 'pass  %s\n' "$name"
  else
    failed=$((failed + 1))
    printf 'FAIL  %s\n' "$name"
    [ -z "$output" ] || printf '%s\n' "$output" | head -n 5 | cut -c1-300 | sed 's/^/      /'
  fi
}

get() { curl -sS --fail --max-time 10 "$@"; }

# contains TEXT URL [CURL OPTION...]: the answer has the text.
contains() {
  text=$1
  shift
  answer=$(get "$@") || return 1
  case $answer in
    *"$text"*) ;;
    *)
      printf 'expected %s in: %s' "$text" "$answer"
      return 1
      ;;
  esac
}

# The number that a PromQL expression gives, empty where it gives none.
query() {
  get --get --data-urlencode "query=$1" "$prom/api/v1/query" |
    sed -n 's/.*"value":\[[0-9.]*,"\([^"]*\)"\].*/\1/p'
}

# is VALUE EXPRESSION: PromQL gives this number.
is() {
  found=$(query "$2")
  [ "$found" = "$1" ] || {
    printf '%s is %s, expected %s' "$2" "${found:-nothing}" "$1"
    return 1
  }
}

# becomes COMMAND...: the command succeeds before the wait is over.
becomes() {
  until "$@" >/dev/null 2>&1; do
    if is_over; then
      "$@"
      return
    fi
    sleep 2
  done
}

healthy() {
  while :; do
    state=$(docker inspect -f '{{.State.Status}} {{.State.Health.Status}}' "$1" 2>&1)
    if [ "$state" = 'running healthy' ]; then return 0; fi
    if is_over || [ "${state#running}" = "$state" ]; then
      printf '%s: %s' "$1" "$state"
      return 1
    fi
    sleep 2
  done
}

confined() {
  found=$(docker inspect -f '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{gt .HostConfig.Memory 0}}' "$1")
  case $found in
    '' | ' '* | 0:* | root* | *false*)
      printf '%s: user, read-only root, memory limit: %s' "$1" "$found"
      return 1
      ;;
  esac
}

scrape() {
  if [ -n "$metrics_password" ]; then
    get --user "$metrics_user:$metrics_password" "$core/metrics"
  else
    get "$core/metrics"
  fi
}

eleven_families() {
  names='whep_requests_total whep_request_duration_seconds ice_establishment_duration_seconds ice_failures_total
    codec_mismatches_total cap_rejections_total ffmpeg_leg_failures_total active_streams active_peers
    udp_ports_in_use udp_ports_available'
  text=$(scrape) || return 1
  for name in $names; do
    printf '%s\n' "$text" | grep -q "^# TYPE dragonfork_webrtc_$name " || {
      printf 'no dragonfork_webrtc_%s' "$name"
      return 1
    }
  done
}

one_core_label() {
  text=$(scrape) || return 1
  strangers=$(printf '%s\n' "$text" | grep '^dragonfork_' | grep -v "core=\"$core_id\"")
  [ -z "$strangers" ] || {
    printf 'CORE_ID is %s, but: %s' "$core_id" "$strangers"
    return 1
  }
}

rules_without_error() {
  answer=$(get "$prom/api/v1/rules") || return 1
  case $answer in
    *'"health":"err"'* | *'"groups":[]'*)
      printf '%s' "$answer"
      return 1
      ;;
  esac
  for name in $(sed -n 's/.*- alert: //p' prom/rules/*.yml); do
    case $answer in
      *"\"name\":\"$name\""*) ;;
      *)
        printf '%s is not loaded' "$name"
        return 1
        ;;
    esac
  done
}

strangers_refused() {
  status=$(curl -sS --max-time 10 -o /dev/null -w '%{http_code}' "$grafana/api/search")
  [ "$status" = 401 ] || {
    printf '/api/search without a login answers %s, expected 401' "$status"
    return 1
  }
}

dashboards_there() {
  for file in grafana/dashboards/*.json; do
    uid=$(sed -n 's/^  "uid": "\(.*\)",*$/\1/p' "$file")
    contains "\"uid\":\"$uid\"" "$grafana/api/dashboards/uid/$uid" --user "admin:$password" || return 1
  done
}

# The token of the admin routes: from .env, or the one that the server made.
admin_token() {
  token=$(setting CORE_API_TOKEN '')
  [ -n "$token" ] || token=$(docker exec dragonfork-core cat /data/admin-token)
  printf '%s' "$token"
}

raise_test_alert() {
  get -X POST -H "Authorization: Bearer $(admin_token)" -H 'Content-Type: application/json' \
    -d '{"severity":"info","team":"infrastructure","seconds":60}' "$core/api/v3/alerts/test"
}

ask_for_nothing() {
  status=$(curl -sS --max-time 10 -o /dev/null -w '%{http_code}' -X POST -H 'Content-Type: application/sdp' \
    --data-binary 'v=0' "$core/api/v3/whep/no-such-stream")
  [ "$status" = 404 ] || [ "$status" = 401 ] || {
    printf 'POST /api/v3/whep/no-such-stream answers %s, expected 404' "$status"
    return 1
  }
}

containers='dragonfork-core dragonfork-prom dragonfork-grafana'
if [ $alerting = yes ]; then containers="$containers dragonfork-alertmanager"; fi
server="{job=\"dragonfork-core\"}"
refused="dragonfork_webrtc_whep_requests_total{core=\"$core_id\",route=\"post\",stream_id=\"unknown\",code=~\"404|401\"}"

wait_anew
check '.env has a password for Grafana' test -n "$password"
for container in $containers; do check "$container is healthy" healthy "$container"; done
for container in $containers; do
  check "$container is not root, has a read-only root and a memory limit" confined "$container"
done
check 'the server answers' contains ok "$core/healthz"
check 'the eleven metric families are there' eleven_families
check "all of its series carry core=\"$core_id\"" one_core_label
wait_anew
check 'Prometheus scrapes the server' becomes is 1 "min(up$server)"
check 'Prometheus scrapes itself' becomes is 1 'min(up{job="prometheus"})'
check "Prometheus has the server's series under that name" becomes is 1 \
  "count(dragonfork_webrtc_active_streams{core=\"$core_id\"})"
check 'its alerts carry the same name' contains "core: $core_id" "$prom/api/v1/status/config"
check 'all alert rules are loaded without an error' rules_without_error
check 'Grafana answers' contains '"database"' "$grafana/api/health"
check 'Grafana lets nobody in without a password' strangers_refused
check 'Grafana has the dashboards' dashboards_there
check 'Grafana reaches Prometheus' contains '"status":"success"' \
  "$grafana/api/datasources/proxy/uid/prometheus/api/v1/query?query=up" --user "admin:$password"
before=$(query "sum($refused)")
check 'an offer for a stream that does not exist is refused' ask_for_nothing
check 'a test alert can be raised' raise_test_alert
wait_anew
check 'the refused offer is counted' becomes is 1 "sum($refused) > bool ${before:-0}"
check 'the test alert fires' becomes is 1 'count(ALERTS{alertname="DragonForkTestAlert",alertstate="firing"})'
if [ $alerting = yes ]; then
  check 'the test alert reaches Alertmanager' \
    becomes contains DragonForkTestAlert "$alertmanager/api/v2/alerts"
fi

printf '%s passed, %s failed\n' $passed $failed
[ $failed = 0 ]
