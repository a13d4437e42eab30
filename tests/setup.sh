#!/usr/bin/env bash
# Installs the programs that the tests use and the machine lacks, and says what it did.
set -euo pipefail

# program:Debian package
wanted=(redis-server:redis-server turnserver:coturn chromium:chromium firefox-esr:firefox-esr
  node:nodejs npm:npm)

# Some of these live in sbin, which is not on everybody's path.
PATH="$PATH:/usr/sbin:/sbin"
missing=()
for entry in "${wanted[@]}"; do
  command -v "${entry%%:*}" >/dev/null || missing+=("${entry#*:}")
done
# A PostgreSQL older than the embedded one, to upgrade from.
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
if [ ${#missing[@]} -eq 0 ]; then
  exit 0
fi

if ! command -v apt-get >/dev/null; then
  echo "hearth: the tests need ${missing[*]}; install them and run this again" >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! sudo -n true 2>/dev/null; then
    echo "hearth: the tests need ${missing[*]}: sudo apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo -n)
fi

echo "hearth: installing for the tests: ${missing[*]}" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# A service that starts by itself would only be in the way: the tests start their own.
if ! {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get install -y -qq --no-install-recommends "${missing[@]}"
} >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "hearth: ${missing[*]} could not be installed; the lines above say why" >&2
  exit 1
fi
echo "hearth: installed ${missing[*]}" >&2
