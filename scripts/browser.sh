#!/bin/sh
# Make sure that a Chromium is there for the browser tests. As root on Debian or Ubuntu it is installed;
# elsewhere this only tells how to (the browser tests then fail, with the same words).
set -u

if [ "${SKIP_BROWSER:-}" = 1 ] && [ "${REQUIRE_BROWSER:-}" != 1 ]; then
    echo "SKIP_BROWSER=1: the browser tests will be skipped."
    exit 0
fi

find_browser() {
    for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
        if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1; then return 0; fi
    done
    # where macOS keeps it
    [ -x "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" ] ||
        [ -x "/Applications/Chromium.app/Contents/MacOS/Chromium" ]
}

find_browser && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Chromium for the browser tests ..."
    log=$(mktemp)
    if apt-get update >"$log" 2>&1 &&
        DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium \
            >>"$log" 2>&1 &&
        find_browser; then
        rm -f "$log"
        exit 0
    fi
    tail -n 20 "$log" >&2
    rm -f "$log"
fi

cat >&2 <<'MESSAGE'
No Chromium was found for the browser tests. Install one:
  Debian:  apt-get install chromium        Fedora:  dnf install chromium
  macOS:   brew install --cask chromium    others:  Chromium or Google Chrome, on PATH
or name one with CHROMIUM=/path/to/chromium, or leave these tests out with SKIP_BROWSER=1.
MESSAGE
[ "${REQUIRE_BROWSER:-}" != 1 ]
