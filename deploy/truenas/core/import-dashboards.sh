#!/bin/sh
# Puts the dashboards into your own Grafana. Needs curl, and a token of a service account that may write
# dashboards (role Editor): Administration, Service accounts.
#
#   GRAFANA_URL=https://grafana.example.org GRAFANA_TOKEN=... sh import-dashboards.sh [FILE...]
#
# GRAFANA_TOKEN_FILE   reads the token from a file instead
# DATASOURCE_UID       the uid of the Prometheus data source there; "prometheus" unless given
# FOLDER               "Dragon Fork" unless given; it is made where it is missing
set -eu
cd "$(dirname "$0")"

url=${GRAFANA_URL:?set it to the address of Grafana, as https://grafana.example.org}
url=${url%/}
folder=${FOLDER:-Dragon Fork}
datasource=${DATASOURCE_UID:-prometheus}
if [ -n "${GRAFANA_TOKEN_FILE:-}" ]; then GRAFANA_TOKEN=$(cat "$GRAFANA_TOKEN_FILE"); fi
: "${GRAFANA_TOKEN:?set it, or GRAFANA_TOKEN_FILE, to a token of a service account}"

# The token and the body go in by file: neither shows in the list of processes.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf 'header = "Authorization: Bearer %s"\n' "$GRAFANA_TOKEN" >"$work/curl"

# api METHOD PATH: the status; the answer lies in $work/answer, the body in $work/body.
api() {
  curl -sS --max-time 30 --config "$work/curl" -o "$work/answer" -w '%{http_code}' -X "$1" \
    -H 'Content-Type: application/json' --data-binary "@$work/body" "$url$2"
}

fail() {
  printf '%s: %s\n' "$1" "$(head -c 300 "$work/answer")" >&2
  exit 1
}

: >"$work/body"
status=$(api GET "/api/datasources/uid/$datasource")
case $status in
  200 | 403) ;; # 403: the token may write dashboards, and not look at data sources.
  404) fail "Grafana has no data source with the uid $datasource (set DATASOURCE_UID)" ;;
  *) fail "Grafana answers $status" ;;
esac

printf '{"uid":"dragonfork","title":"%s"}' "$(printf '%s' "$folder" | sed 's/[\\"]/\\&/g')" >"$work/body"
status=$(api POST /api/folders)
case $status in
  200 | 409 | 412) ;; # The latter two: it is there.
  *) fail "the folder $folder cannot be made, status $status" ;;
esac

[ $# -gt 0 ] || set -- grafana/dashboards/*.json
for file in "$@"; do
  {
    printf '{"folderUid":"dragonfork","overwrite":true,"dashboard":'
    sed "s/\"uid\": \"prometheus\"/\"uid\": \"$datasource\"/" "$file"
    printf '}'
  } >"$work/body"
  status=$(api POST /api/dashboards/db)
  [ "$status" = 200 ] || fail "$file cannot be imported, status $status"
  printf 'imported %s\n' "$file"
done
