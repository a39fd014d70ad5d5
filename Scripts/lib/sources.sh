# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # set by setup.sh, read by the scripts that source this file
# The files that are formatted and checked. Sourced after setup.sh, not run.

# Swift that people write: generated Protocol Buffers code is left as it is.
mapfile -t swift_files < <(
  cd "$root" && git ls-files --cached --others --exclude-standard \
    'Package.swift' 'Sources/*.swift' 'Tests/*.swift' | grep -v '\.pb\.swift$'
)
mapfile -t c_files < <(
  cd "$root" && git ls-files --cached --others --exclude-standard \
    'BPF/*.[ch]' 'Sources/*.[ch]' 'Tests/*.[ch]' 'Tests/*.cpp'
)
mapfile -t shell_files < <(
  cd "$root" && git ls-files --cached --others --exclude-standard \
    'Scripts' '.ci' 'packaging' 'Tests/Kernels/init' 'Tests/Workloads/build' \
    | while read -r file; do
      if head -n 1 "$file" | grep -qE '^#!.*(bash|sh)$|shellcheck shell'; then echo "$file"; fi
    done
)
