#!/bin/sh
# Print the first Python that is at least 3.11. With an argument, only that one is tried.
# Interpreters that can make virtual environments by themselves win over those that cannot.
set -u

new_enough='import sys; sys.exit(sys.version_info < (3, 11))'
can_venv='import venv, ensurepip'
can_pip='import venv, pip'

works() { command -v "$1" >/dev/null 2>&1 && "$1" -c "$new_enough" >/dev/null 2>&1; }

if [ $# -gt 0 ] && [ -n "$1" ]; then
    candidates=$1
    set -- "$1"
else
    set -- python3.13 python3.12 python3.11 python3 python
    candidates=$*
fi

bare=
for python in "$@"; do
    works "$python" || continue
    if "$python" -c "$can_venv" >/dev/null 2>&1; then
        printf '%s\n' "$python"
        exit 0
    fi
    if [ -z "$bare" ] || "$python" -c "$can_pip" >/dev/null 2>&1; then bare=$python; fi
done

if [ -n "$bare" ]; then
    if "$bare" -c "$can_pip" >/dev/null 2>&1; then
        printf '%s\n' "$bare"  # make-venv.sh then fills the environment with this Python's own pip
        exit 0
    fi
    version=$("$bare" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    cat >&2 <<MESSAGE
$bare is Python $version, but its modules venv and ensurepip are missing, so it cannot make .venv.
  Debian, Ubuntu:  apt-get install python$version-venv
  others:          install Python's "venv" package, or choose another Python: make PYTHON=/path/to/python3 ...
MESSAGE
    exit 1
fi

cat >&2 <<MESSAGE
No Python 3.11 or newer was found (tried: $candidates).
  Debian 12, Ubuntu 24.04 and later:  apt-get install python3 python3-venv
  Fedora:                             dnf install python3
  macOS:                              brew install python@3.13
or name one:  make PYTHON=/path/to/python3 ...
MESSAGE
exit 1
