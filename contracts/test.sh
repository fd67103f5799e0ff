#!/bin/sh
# The contracts' own tests; skips with a line where Node isn't installed.
exec "${PYTHON:-python3}" "$(dirname "$0")/run_forge.py" "$@"
