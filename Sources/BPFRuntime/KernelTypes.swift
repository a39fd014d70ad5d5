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

  /// The types of a tracepoint's arguments, by name, which is empty for a pointer.
  ///
  /// Nil if the kernel has no such tracepoint.
  package static func arguments(ofTracepoint name: String) -> [String]? {
    guard let types = unsafe btf__load_vmlinux_btf() else { return nil }
    defer { unsafe btf__free(types) }
    let id = unsafe btf__find_by_name_kind(types, "btf_trace_\(name)", typedefKind)
    // A name for a pointer to a function, whose first argument is libbpf's own.
    guard id >= 0, let alias = unsafe btf__type_by_id(types, UInt32(id)),
      let pointer = unsafe btf__type_by_id(types, alias.pointee.type),
      let function = unsafe btf__type_by_id(types, pointer.pointee.type),
      let parameters = unsafe btf_params(function)
    else { return nil }
    return (1..<max(1, Int(unsafe btf_vlen(function)))).map { index in
      guard let type = unsafe btf__type_by_id(types, parameters[index].type),
        let found = unsafe btf__name_by_offset(types, type.pointee.name_off)
      else { return "" }
      return unsafe String(cString: found)
    }
  }

  /// `BTF_KIND_TYPEDEF`.
  private static let typedefKind: UInt32 = 8
}
