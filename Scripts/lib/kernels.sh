# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # set by setup.sh, read by the scripts that source this file
# Debian's kernels, by the series that wick is tested on. Sourced after setup.sh, not run.

# The suite that has a series now. Security suites: their lists are short, their kernels current.
declare -A kernel_suites=(
  [5.10]=bullseye-security
  [6.1]=bookworm-security
  [6.12]=trixie-security
  [7.2]=sid
)
kernel_series=(5.10 6.1 6.12 7.2)
kernel_metapackage=linux-image-cloud-amd64
kernel_keyring=/usr/share/keyrings/debian-archive-keyring.gpg
# What is fetched stays here; remove it for newer kernels.
kernel_cache=${WICK_KERNEL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/wick/kernels}

# The image of a series, in the cache.
kernel_image() { echo "$kernel_cache/$1/vmlinuz"; }

# Whether an image is in the cache, and as it was put there.
has_kernel() {
  (cd "$kernel_cache/$1" && sha256sum --quiet --strict --check SHA256SUMS) >/dev/null 2>&1
}

# The address of Debian's main or security archive, from the machine's own sources.
archive_address() {
  local pattern=$1 default=$2 found
  # shellcheck disable=SC2016  # the variables are apt's
  found=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' \
    | awk -v pattern="$pattern" '$2 ~ pattern && $3 == "main" { print $1; exit }')
  echo "${found:-$default}"
}

# One line of an apt sources list for a suite.
source_line() {
  local address
  case $1 in
    *-security) address=$(archive_address '-security$' http://deb.debian.org/debian-security) ;;
    *) address=$(archive_address '^[a-z]+$' http://deb.debian.org/debian) ;;
  esac
  echo "deb [signed-by=$kernel_keyring] $address $1 main"
}

# Writes an apt configuration: the machine's own, proxies and all, but with state, cache and sources
# in a folder of ours and without the commands that packages hang into apt.
write_apt_configuration() {
  local state=$1
  mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
  apt-config dump | grep -vE '^(Dir::|APT::Update::|DPkg::)' >"$state/apt.conf"
  cat >>"$state/apt.conf" <<END
Dir::State "$state";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "$state/cache";
Dir::Etc::sourcelist "$state/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::main "/dev/null";
APT::Sandbox::User "root";
END
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
  quietly apt-get update -q --error-on=any || return 1
  release=$(current_release)
  [ -n "$release" ] || return 1
  package=linux-binary-$release
  apt-cache show "$package" >/dev/null 2>&1 || package=linux-image-$release
  (cd "$folder" && quietly apt-get download -q "$package") || return 1
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
