# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # shared with setup.sh, kernels.sh and the scripts that source this
# A Debian 12 of its own with systemd, in a container. Sourced after setup.sh and kernels.sh, not run.

# The file system of a fresh machine, without what the tests do to it, stays here.
container_cache=${WICK_CONTAINER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/wick/container}
container_packages=(mmdebstrap debian-archive-keyring systemd-container util-linux)
container_suite=bookworm

# Makes a small Debian in a folder; options go to mmdebstrap.
make_system() {
  local folder=$1
  shift
  rm -rf "$folder"
  quietly mmdebstrap --variant=minbase "$@" "$container_suite" "$folder" \
    "$(source_line "$container_suite")" "$(source_line "$container_suite-security")"
}

# Prints the folder of a Debian with systemd and the given packages, made once for each such list.
require_root_folder() {
  local include folder option options=()
  include=$(printf '%s,' systemd systemd-sysv dbus "$@" | sed 's/,$//')
  folder=$container_cache/$container_suite-$(sha256sum <<<"$include" | cut -c 1-12)
  if [ ! -d "$folder" ]; then
    say "fetching a Debian system: $include"
    mkdir -p "$container_cache"
    # How this machine reaches the archive: proxies, for instance.
    while read -r option; do options+=(--aptopt="$option"); done \
      < <(apt-config dump | grep -E '^Acquire::[^ ]+ "' || true)
    retry make_system "$folder.new" --include="$include" "${options[@]}" \
      || die "cannot make a Debian system: is there no $container_suite on this network?"
    mv "$folder.new" "$folder"
  fi
  echo "$folder"
}

# Boots the system in a folder. Sets `leader`, its first process. It has no network but its loopback,
# yet the kernel's file systems that BPF needs, and the host's processes in /run/host/proc: the
# numbers that the kernel gives to programs are the host's.
boot_container() {
  local folder=$1 attempt
  SYSTEMD_SECCOMP=0 systemd-nspawn --quiet --directory="$folder" --machine="wick-test-$$" \
    --register=no --keep-unit --capability=all --private-network --link-journal=no \
    --bind-ro=/sys/kernel/btf --bind=/sys/fs/bpf --bind=/sys/kernel/debug \
    --bind=/sys/kernel/tracing --bind=/proc:/run/host/proc --boot \
    </dev/null >"$scratch/console" 2>&1 &
  container=$!
  for attempt in $(seq 480); do
    leader=$(cut -d' ' -f1 "/proc/$container/task/$container/children" 2>/dev/null || true)
    if [ -n "$leader" ] && inside systemctl is-system-running 2>/dev/null \
      | grep -qE 'running|degraded'; then
      return
    fi
    kill -0 "$container" 2>/dev/null || break
    sleep 0.25
  done
  cat "$scratch/console" >&2
  die "the container did not boot ($attempt attempts)"
}

# Runs a command in the container.
inside() { nsenter -t "$leader" -m -p -u -i -n -C -- "$@"; }

# Ends the container, however it is.
stop_container() {
  [ -n "${container:-}" ] || return 0
  inside systemctl poweroff >/dev/null 2>&1 || true
  for _ in $(seq 40); do
    kill -0 "$container" 2>/dev/null || break
    sleep 0.25
  done
  kill "$container" 2>/dev/null || true
  wait "$container" 2>/dev/null || true
  container=
}
