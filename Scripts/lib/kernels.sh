# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # set by setup.sh, read by the scripts that source this file
# Debian's kernels, by the series that wick is tested on. Sourced after setup.sh and suites.sh, not
# run.

# The suite that has a series now. Security suites: their lists are short, their kernels current.
declare -A kernel_suites=(
  [5.10]=bullseye-security
  [6.1]=bookworm-security
  [6.12]=trixie-security
  [7.2]=sid
)
kernel_series=(5.10 6.1 6.12 7.2)
kernel_metapackage=linux-image-cloud-amd64
# What is fetched stays here; remove it for newer kernels.
kernel_cache=${WICK_KERNEL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/wick/kernels}

# The image of a series, in the cache.
kernel_image() { echo "$kernel_cache/$1/vmlinuz"; }

# Whether an image is in the cache, and as it was put there.
has_kernel() {
  (cd "$kernel_cache/$1" && sha256sum --quiet --strict --check SHA256SUMS) >/dev/null 2>&1
}

# The release that the suite's metapackage asks for, such as 6.1.0-56-cloud-amd64.
current_release() {
  apt-cache show "$kernel_metapackage" | sed -nE 's/^Depends:.*linux-image-([^ ,]+).*/\1/p' | head -n 1
}

# Downloads the current kernel of a suite into a folder, for apt to verify by the archive's
# signature, and prints its release. Since 7.2 the image is in a package of its own.
download_kernel() {
  local suite=$1 folder=$2 release package
  write_apt_configuration "$folder/apt"
  source_line "$suite" >"$folder/apt/sources.list"
  export APT_CONFIG=$folder/apt/apt.conf
  retry quietly apt-get update -q --error-on=any || return 1
  release=$(current_release)
  [ -n "$release" ] || return 1
  package=linux-binary-$release
  apt-cache show "$package" >/dev/null 2>&1 || package=linux-image-$release
  (cd "$folder" && retry quietly apt-get download -q "$package") || return 1
  echo "$release"
}

# Prints the image that a package contains.
unpack_image() {
  local package=$1 member
  member=$(dpkg-deb --fsys-tarfile "$package" | tar -t | grep -E '/vmlinuz[^/]*$')
  dpkg-deb --fsys-tarfile "$package" | tar -x --to-stdout "$member"
}

# Puts a series into the cache.
fetch_kernel() {
  local series=$1 suite=${kernel_suites[$1]} folder=$kernel_cache/.fetching-$1 release
  say "fetching Linux $series from $suite"
  rm -rf "$folder"
  mkdir -p "$folder/files"
  release=$(download_kernel "$suite" "$folder") \
    || die "cannot get Linux $series: is there no $suite on this network?"
  [[ $release == "$series".* ]] || say "$suite has moved on: $release stands in for $series"
  unpack_image "$folder"/*.deb >"$folder/files/vmlinuz"
  (cd "$folder/files" && sha256sum vmlinuz >SHA256SUMS)
  rm -rf "${kernel_cache:?}/$series"
  mv "$folder/files" "$kernel_cache/$series"
  rm -rf "$folder"
}

# Sees to it that the given series are in the cache.
require_kernels() {
  local series
  for series in "$@"; do
    has_kernel "$series" || fetch_kernel "$series"
  done
}
