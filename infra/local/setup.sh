#!/bin/sh
# Makes .venv and installs what is pinned: `setup.sh run` for `make run`, `setup.sh dev` for tests and checks too.
# Does nothing, in milliseconds, when the requirements are those that were installed last.
set -eu
cd "$(dirname "$0")/../.."

what=${1:-run}
layers="layers/imaging/requirements.txt layers/signing/requirements.txt"
runtime="constraints.txt requirements.txt $layers infra/local/requirements.txt"
case $what in
run) list=infra/local/requirements.txt files=$runtime ;;
dev) list=requirements-dev.txt files="$runtime requirements-dev.txt" ;;
*) echo "usage: setup.sh run|dev" >&2 && exit 2 ;;
esac

fail() {
    echo "$*" >&2
    exit 1
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1
}

find_python() {
    for candidate in python3.13 python3.12 "$HOME"/.pyenv/versions/3.13*/bin/python3 \
        "$HOME"/.pyenv/versions/3.12*/bin/python3 python3; do
        if new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "Python 3.12 or 3.13 is needed and not found: install it (Debian 13, Ubuntu 24.04: apt install python3; macOS: brew install python@3.13)."
}

# Debian keeps the parts that make virtual environments in a package of their own.
need_venv_module() {
    "$1" -c 'import ensurepip, venv' >/dev/null 2>&1 && return
    package=$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        echo "Installing $package ..."
        { apt-get install -y -q "$package" || { apt-get update -q && apt-get install -y -q "$package"; }; } \
            >/dev/null 2>&1 || fail "Could not install $package: run 'apt-get install $package'."
    else
        fail "Python's venv module is missing: run 'sudo apt install $package'."
    fi
}

wanted=$(cat $files | cksum)
stamp=.venv/.installed-$what
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && new_enough .venv/bin/python; then
    exit 0
fi

if ! new_enough .venv/bin/python; then
    python=$(find_python)
    need_venv_module "$python"
    echo "Making .venv with $("$python" --version) ..."
    "$python" -m venv --clear .venv
fi
echo "Installing $list ..."
.venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement "$list" --constraint constraints.txt ||
    fail "The packages could not be installed: pip's reason stands above."
echo "$wanted" >"$stamp"
if [ "$what" = dev ]; then # which includes what `run` needs
    cat $runtime | cksum >.venv/.installed-run
fi
