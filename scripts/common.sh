# shellcheck shell=bash
# Sourced by the scripts beside it: goes to the repository's root, names what is tuned by the environment.
# JOBS: parallel compilers and tests; by default one per core, but one per 2 GiB of memory at most (a libtorch file takes 1.5).

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export TORCH_VERSION=2.13.0

step() { printf '\n== %s\n' "$*" >&2; }
fail() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

default_jobs() {
  local cores memory_gb
  cores=$(nproc)
  memory_gb=$(awk '/^MemAvailable/ { print int($2 / 1048576) }' /proc/meminfo)
  local by_memory=$((memory_gb / 2 > 1 ? memory_gb / 2 : 1))
  echo $((cores < by_memory ? cores : by_memory))
}
JOBS=${JOBS:-$(default_jobs)}

# A second clone compiles from the first one's cache: what ccache hashes are paths relative to the repository.
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$PWD} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR:-1}

# The libtorch that TORCH_DIR or CMAKE_PREFIX_PATH names, as cmake/Dependencies.cmake will find it; empty when none.
named_torch() {
  local prefix candidate
  local -a prefixes candidates=()
  [ -z "${TORCH_DIR:-}" ] || candidates+=("$TORCH_DIR")
  IFS=';:' read -ra prefixes <<<"${CMAKE_PREFIX_PATH:-}"
  for prefix in ${prefixes[@]+"${prefixes[@]}"}; do
    candidates+=("$prefix" "$prefix/.." "$prefix/../.." "$prefix/torch")
  done
  for candidate in ${candidates[@]+"${candidates[@]}"}; do
    if [ -f "$candidate/include/ATen/core/Tensor.h" ] && [ -d "$candidate/lib" ]; then
      echo "$candidate"
      return
    fi
  done
}
