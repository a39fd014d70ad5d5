# shellcheck shell=bash
# Packages of Debian's other suites, taken from the machine's own archive without installing them.
# Sourced after setup.sh, not run.

suite_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

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
  echo "deb [signed-by=$suite_keyring] $address $1 main"
}

# Writes an apt configuration: the machine's own, proxies and all, but with state, cache and sources
# in a folder of ours and without the commands that packages hang into apt. A second argument is the
# list of what is installed, if it is not the machine's.
write_apt_configuration() {
  local state=$1 status=${2:-/var/lib/dpkg/status}
  mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
  apt-config dump | grep -vE '^(Dir::|APT::Update::|DPkg::)' >"$state/apt.conf"
  cat >>"$state/apt.conf" <<END
Dir::State "$state";
Dir::State::status "$status";
Dir::Cache "$state/cache";
Dir::Etc::sourcelist "$state/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::main "/dev/null";
APT::Sandbox::User "root";
END
}
