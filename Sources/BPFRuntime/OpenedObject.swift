package import BPFObjects
import CLibBPF
import Glibc

/// A BPF object that is parsed but not yet in the kernel: the time to set what it reads at load.
@safe package struct OpenedObject: ~Copyable {
  private let name: String
  /// Nil once it is loaded, for the loaded object owns it then.
  private(set) var raw: OpaquePointer?

  package init(_ object: BPFObject) throws(BPFError) {
    wick_silence_libbpf()
    let name = object.name.description
    let opened = unsafe object.bytes.withUnsafeBytes { bytes in
      unsafe name.withCString { objectName in
        var options = unsafe bpf_object_open_opts()
        unsafe options.sz = MemoryLayout<bpf_object_open_opts>.size
        unsafe options.object_name = objectName
        return unsafe bpf_object__open_mem(bytes.baseAddress, bytes.count, &options)
      }
    }
    guard let opened = unsafe opened else {
      throw BPFError(operation: .open, subject: name, code: errno)
    }
    self.name = name
    unsafe raw = opened
  }

  deinit {
    if let raw = unsafe raw { unsafe bpf_object__close(raw) }
  }

  /// Sets a `const volatile` variable, whose type must have the size of `Value`.
  package borrowing func set<Value: BitwiseCopyable>(_ variable: String, to value: Value)
    throws(BPFError)
  {
    let failure = BPFError(operation: .configure, subject: "\(name).\(variable)", code: EINVAL)
    guard let section = unsafe bpf_object__find_map_by_name(raw, ".rodata") else { throw failure }
    var count = 0
    let memory = unsafe bpf_map__initial_value(section, &count)
    guard let memory = unsafe memory, let place = place(ofVariable: variable),
      place.count == MemoryLayout<Value>.size, place.upperBound <= count
    else { throw failure }
    var bytes = unsafe [UInt8](UnsafeRawBufferPointer(start: memory, count: count))
    unsafe withUnsafeBytes(of: value) { unsafe bytes.replaceSubrange(place, with: $0) }
    let status = unsafe bpf_map__set_initial_value(section, bytes, count)
    guard status == 0 else { throw failure }
  }

  /// `BTF_KIND_DATASEC`; the header defines the name twice.
  private static let dataSectionKind: UInt32 = 15

  /// Where a variable lies in the read-only data, by the object's own type information.
  private borrowing func place(ofVariable variable: String) -> Range<Int>? {
    guard let types = unsafe bpf_object__btf(raw) else { return nil }
    let section = unsafe btf__find_by_name_kind(types, ".rodata", Self.dataSectionKind)
    guard section >= 0, let entry = unsafe btf__type_by_id(types, UInt32(section)) else {
      return nil
    }
    for index in 0..<CInt(unsafe btf_vlen(entry)) {
      guard let info = unsafe btf_var_secinfos(entry)?.advanced(by: Int(index)),
        let type = unsafe btf__type_by_id(types, info.pointee.type),
        let found = unsafe btf__name_by_offset(types, type.pointee.name_off)
      else { continue }
      guard unsafe strcmp(found, variable) == 0 else { continue }
      let start = unsafe Int(info.pointee.offset)
      return unsafe start..<(start + Int(info.pointee.size))
    }
    return nil
  }

  /// Changes the size of a map: entries, or bytes of a ring buffer.
  package borrowing func resize(map: String, to entries: Int) throws(BPFError) {
    guard let found = unsafe bpf_object__find_map_by_name(raw, map) else {
      throw BPFError(operation: .configure, subject: map, code: ENOENT)
    }
    let status = unsafe bpf_map__set_max_entries(found, UInt32(entries))
    guard status == 0 else {
      throw BPFError(operation: .configure, subject: map, code: -status)
    }
  }

  /// Uses a map of another object in place of the own one of the same name.
  package borrowing func share(map: String, with other: borrowing LoadedObject) throws(BPFError) {
    guard let found = unsafe bpf_object__find_map_by_name(raw, map) else {
      throw BPFError(operation: .configure, subject: map, code: ENOENT)
    }
    let status = unsafe bpf_map__reuse_fd(found, try other.descriptor(ofMap: map))
    guard status == 0 else {
      throw BPFError(operation: .configure, subject: map, code: -status)
    }
  }

  /// Uses another object's map in place of the own one of the same name.
  package borrowing func share(_ map: BPFMap) throws(BPFError) {
    guard let found = unsafe bpf_object__find_map_by_name(raw, map.name) else {
      throw BPFError(operation: .configure, subject: map.name, code: ENOENT)
    }
    let status = unsafe bpf_map__reuse_fd(found, map.descriptor)
    guard status == 0 else {
      throw BPFError(operation: .configure, subject: map.name, code: -status)
    }
  }

  /// Leaves a program out when the object is loaded.
  package borrowing func skip(program: String) throws(BPFError) {
    guard let found = unsafe bpf_object__find_program_by_name(raw, program) else {
      throw BPFError(operation: .configure, subject: program, code: ENOENT)
    }
    _ = unsafe bpf_program__set_autoload(found, false)
  }

  /// Has the kernel verify and load the object.
  package consuming func load() throws(BPFError) -> LoadedObject {
    let status = unsafe bpf_object__load(raw)
    guard status == 0, let loaded = unsafe raw else {
      throw BPFError(operation: .load, subject: name, code: -status)
    }
    unsafe raw = nil
    return unsafe LoadedObject(owning: loaded)
  }
}
