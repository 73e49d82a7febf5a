#!/bin/sh
# Make .venv with the given Python, or keep the one that is there while it still works *here*
# (a copied or moved checkout, or an upgraded Python, leaves one that does not).
set -eu

venv=$1
python=$2

if [ -x "$venv/bin/python" ] && [ -f "$venv/.place" ] && [ "$(cat "$venv/.place")" = "$PWD" ] &&
    "$venv/bin/python" -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
    exit 0
fi

echo "Making $venv with $("$python" --version) ..."
rm -rf "$venv"
if "$python" -c 'import ensurepip' >/dev/null 2>&1; then
    "$python" -m venv "$venv"
else
    "$python" -m venv --without-pip "$venv"
    "$python" -m pip --disable-pip-version-check --python "$venv/bin/python" install -q pip
fi
# The pip and setuptools that come with Python have known vulnerabilities. A pinned pip replaces
# them; setuptools is removed, because nothing here is built with it.
"$venv/bin/python" -m pip --disable-pip-version-check install -q --upgrade --require-hashes --no-deps \
    -r requirements/pip.txt ||
    echo "$venv keeps the pip that came with Python: the pinned one could not be installed." >&2
"$venv/bin/python" -m pip --disable-pip-version-check uninstall -q -y setuptools >/dev/null 2>&1 || true
printf '%s\n' "$PWD" >"$venv/.place"
