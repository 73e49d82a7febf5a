#!/bin/sh
# Pin every dependency with its hashes, for all platforms and Pythons from 3.11 on. Arguments go to the resolver:
#   sh scripts/lock.sh --upgrade-package fastapi     moves one; without arguments everything moves to the newest
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
.venv/bin/python -m venv "$work/venv"
"$work/venv/bin/python" -m pip --disable-pip-version-check install -q uv

pin() {
    "$work/venv/bin/uv" --no-config pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-header --no-emit-index-url --no-emit-find-links "$@"
}

if [ $# -eq 0 ]; then set -- --upgrade; fi
pin "$@" -o requirements/run.txt pyproject.toml
pin "$@" -o requirements/dev.txt -c requirements/run.txt --extra dev pyproject.toml requirements/build.in
pin "$@" -o requirements/build.txt -c requirements/dev.txt requirements/build.in
pin "$@" -o requirements/docs.txt -c requirements/dev.txt requirements/docs.in
pin "$@" -o requirements/audit.txt -c requirements/dev.txt -c requirements/docs.txt requirements/audit.in
git --no-pager diff --stat -- requirements
