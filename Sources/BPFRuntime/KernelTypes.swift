import CLibBPF

/// What the running kernel's type information (BTF) says.
package enum KernelTypes {
  /// `BTF_KIND_ENUM`; the header defines the name twice.
  private static let enumerationKind: UInt32 = 6

  /// The value of an enumerator, such as `cpu_cgrp_id` of `enum cgroup_subsys_id`.
  package static func enumerator(_ name: String, of enumeration: String) -> Int? {
    guard let types = unsafe btf__load_vmlinux_btf() else { return nil }
    defer { unsafe btf__free(types) }
    let id = unsafe btf__find_by_name_kind(types, enumeration, enumerationKind)
    guard id >= 0, let entry = unsafe btf__type_by_id(types, UInt32(id)),
      let values = unsafe btf_enum(entry)
    else { return nil }
    for index in 0..<Int(unsafe btf_vlen(entry)) {
      guard let found = unsafe btf__name_by_offset(types, values[index].name_off) else { continue }
      if unsafe String(cString: found) == name { return unsafe Int(values[index].val) }
    }
    return nil
  }
}
