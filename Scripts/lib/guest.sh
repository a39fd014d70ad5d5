# shellcheck shell=bash
# shellcheck disable=SC2154  # set by setup.sh
# A machine without a disk that runs Tests/Kernels/init on a kernel. Sourced after setup.sh, not run.

# More than a guest takes on a busy machine: one that hangs ends here.
guest_seconds=${WICK_GUEST_SECONDS:-400}

# The shared libraries of some programs, the dynamic linker among them. For a static program, which
# has none, ldd fails.
libraries_of() {
  (ldd "$@" 2>/dev/null || true) \
    | awk '$2 == "=>" { print $3 } $1 ~ /^\/.*ld-linux/ { print $1 }' | sort -u
}

# Writes the guest's file system: the program that loads objects, the objects, and more programs.
#
# It is a folder of symbolic links that cpio follows. It is not compressed, for a processor that is
# emulated takes longer to unpack it than to read it.
make_initramfs() {
  local output=$1 objects=$2 folder program
  shift 2
  folder=$(mktemp -d -p "$scratch")
  mkdir -p "$folder"/{bin,lib,lib64,check/objects}
  ln -s "$root/Tests/Kernels/init" "$folder/init"
  ln -s "$(command -v busybox)" "$folder/bin/busybox"
  ln -s "$objects"/*.o "$folder/check/objects"
  for program in "$@"; do ln -s "$program" "$folder/check"; done
  # The dynamic linker looks into /lib; it is itself where programs say it is.
  libraries_of "$@" | while read -r library; do
    case $library in
      */ld-linux*) ln -s "$library" "$folder/lib64" ;;
      *) ln -s "$library" "$folder/lib" ;;
    esac
  done
  (cd "$folder" && find -L . | cpio --quiet -L -o -H newc) >"$output"
}

# Boots an image and waits until the guest powers off. What the kernel says and what the guest finds
# go to files of their own. There is no KVM on many test machines, so none is used anywhere.
boot() {
  local image=$1 initramfs=$2 console=$3 results=$4
  timeout --kill-after=5 "$guest_seconds" \
    qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 1024 \
    -nodefaults -no-user-config -no-reboot -display none \
    -serial "file:$console" -serial "file:$results" \
    -kernel "$image" -initrd "$initramfs" -append "console=ttyS0 quiet panic=-1" </dev/null
}
