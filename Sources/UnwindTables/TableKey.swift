package import LinuxHost

/// Which file a table is of.
///
/// Not its build-id: that is what the file says of itself, and a wrong one would give another file
/// wrong frames.
package enum TableKey: Hashable, Sendable {
  case file(FileIdentity)
  /// The kernel's own shared object, the same in all processes.
  case vdso
}
