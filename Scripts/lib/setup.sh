# shellcheck shell=bash
# shellcheck disable=SC2034  # read by the scripts that source this file
# What the scripts share: messages, quiet commands, Debian packages, the build. Sourced, not run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
binary=$root/.build/release/wick

# An entry is a package, or package:command where many machines have the command from elsewhere
# (a Rust toolchain, say): such a package counts as missing only where the command is.
build_packages=(
  g++ git
  libbpf-dev libelf-dev libiberty-dev libunwind-dev libyaml-dev zlib1g-dev pkg-config
)
check_packages=(clang-format mandoc shellcheck)
test_packages=(
  mandoc binutils gcc linux-perf openssl:openssl
  golang-go:go rustc:rustc
  nginx wrk postgresql nodejs:node python3:python3
  chromium chromium-driver
  curl:curl netcat-openbsd prometheus:promtool
  libjemalloc-dev libgoogle-perftools-dev musl-tools
)
kernel_packages=(
  gcc qemu-system-x86 busybox-static cpio debian-archive-keyring python3:python3
)
bench_packages=(
  linux-perf libdevel-nytprof-perl nginx wrk python3:python3
  binutils libllvm14 golang-go:go rustc:rustc
  prometheus:promtool prometheus-node-exporter
  heaptrack zstd libbpf-tools bpftrace
)

package_packages=(binutils debhelper dpkg-dev lintian)
network_packages=(
  bind9-dnsutils:dig dnsmasq-base:dnsmasq iproute2:ip nftables:nft nginx:nginx postgresql python3:python3
  wrk:wrk
)

# Speaks on stderr: stdout belongs to the command that a script runs in the end.
say() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; }

die() {
  say "$*"
  exit 1
}

# Runs a command without its output, which appears only when the command fails.
quietly() {
  local log status=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if [ "$status" -ne 0 ]; then
    cat "$log" >&2
    say "failed with status $status: $*"
  fi
  rm -f "$log"
  return "$status"
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# Installs those of the given packages that are missing.
require_packages() {
  local entry missing=()
  for entry in "$@"; do
    if [ "$entry" != "${entry#*:}" ] && command -v "${entry#*:}" >/dev/null; then continue; fi
    is_installed "${entry%%:*}" || missing+=("${entry%%:*}")
  done
  [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
}

# Runs a command until it succeeds, five times at most: what comes over the network.
retry() {
  local attempt
  for attempt in 1 2 3 4; do
    if "$@"; then return; fi
    say "once more in $((attempt * 10)) s: $*"
    sleep $((attempt * 10))
  done
  "$@"
}

install_packages() {
  command -v apt-get >/dev/null || die "these packages are missing, and there is no apt-get: $*"
  local as_root=()
  if [ "$EUID" -ne 0 ]; then
    command -v sudo >/dev/null || die "run this as root first: apt-get install $*"
    as_root=(sudo)
  fi
  say "installing packages: $*"
  retry quietly "${as_root[@]}" apt-get update -qq
  # A server that comes along is wanted as a program, not as a service on this machine.
  retry quietly "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get install -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
}

require_swift() {
  command -v swift >/dev/null || die "swift is not on PATH; wick is built with Swift 6.2 or later"
}

# Whether a source changed since the last build. Folders count too: their time tells of removals.
is_built() {
  [ -x "$binary" ] && [ -e "$root/.build/built" ] \
    && [ -z "$(find "$root/Package.swift" "$root/Sources" "$root/BPF" \
      -newer "$root/.build/built" -print -quit)" ]
}

# What is released: without Swift's shared libraries, of which every page in use would be resident;
# with relocations that are read-only once the program runs; and the same from every folder: so without
# debug information, which names the folder of Swift's module cache and with it changes the build-id.
# SwiftPM names the package, and with it the folder of generated sources, by the folder that it is in.
generated=$root/.build/plugins/outputs/$(basename "${root,,}")
release_options=(
  -c release --static-swift-stdlib -debug-info-format none -Xlinker -z -Xlinker now
  -Xswiftc -file-prefix-map -Xswiftc "$root=/usr/src/wick"
  -Xswiftc -file-prefix-map -Xswiftc "$generated=/usr/src/wick/generated"
  -Xcc "-ffile-prefix-map=$root=/usr/src/wick"
)

# Builds the release binary. Arguments go to `swift build`.
build() {
  require_swift
  mkdir -p "$root/.build"
  touch "$root/.build/building"
  quietly swift build --package-path "$root" "${release_options[@]}" "$@"
  mv "$root/.build/building" "$root/.build/built"
}

# A folder that goes away when the script ends. Sets `scratch`.
make_scratch() {
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
}
