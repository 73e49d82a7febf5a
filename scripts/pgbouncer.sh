#!/bin/sh
# Install pgbouncer, Debian's, for the tests behind a pooler, where we are root and it is missing. Its service is not started.
# Where it cannot be had these tests are skipped; with REQUIRE_PGBOUNCER=1 (CI) they fail.
set -u

PATH=$PATH:/usr/sbin:/usr/local/sbin
if command -v pgbouncer >/dev/null 2>&1; then exit 0; fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "There is no pgbouncer: the tests behind a pooler will be skipped." >&2
    [ "${REQUIRE_PGBOUNCER:-}" != 1 ]
    exit
fi

policy=/usr/sbin/policy-rc.d # asked by Debian's packages before they start a service
made=
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && made=1
fi
log=$(mktemp)
get() { DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 "$@"; }
{ get update && get install -y --no-install-recommends pgbouncer; } >"$log" 2>&1
status=$?
[ -z "$made" ] || rm -f "$policy"
[ "$status" = 0 ] || tail -n 20 "$log" >&2
rm -f "$log"
command -v pgbouncer >/dev/null 2>&1 || [ "${REQUIRE_PGBOUNCER:-}" != 1 ]
