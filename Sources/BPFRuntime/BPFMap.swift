import CLibBPF
import Glibc

/// A BPF map, held by a descriptor of its own: it outlives the object that brought it.
package final class BPFMap: Sendable {
  package let name: String
  let descriptor: CInt

  /// Makes an array that can be mapped into memory (Linux 5.5).
  ///
  /// The kernel takes names of 15 letters, digits and `_`. In memory, the size of an element is
  /// rounded up to a multiple of 8.
  package convenience init(mappableArray name: String, valueBytes: Int, count: Int)
    throws(BPFError)
  {
    var options = bpf_map_create_opts()
    options.sz = MemoryLayout<bpf_map_create_opts>.size
    options.map_flags = UInt32(BPF_F_MMAPABLE)
    try self.init(
      BPF_MAP_TYPE_ARRAY, name, valueBytes: valueBytes, count: count, options: options)
  }

  /// Makes a hash with 32-bit keys whose elements are allocated now: Linux before 6.1 lets programs
  /// of perf events use no other.
  package convenience init(hash name: String, valueBytes: Int, count: Int) throws(BPFError) {
    var options = bpf_map_create_opts()
    options.sz = MemoryLayout<bpf_map_create_opts>.size
    try self.init(
      BPF_MAP_TYPE_HASH, name, valueBytes: valueBytes, count: count, options: options)
  }

  /// Makes an array of maps that are all like `element`.
  package convenience init(arrayOfMaps name: String, like element: BPFMap, count: Int)
    throws(BPFError)
  {
    var options = bpf_map_create_opts()
    options.sz = MemoryLayout<bpf_map_create_opts>.size
    options.inner_map_fd = UInt32(element.descriptor)
    try self.init(
      BPF_MAP_TYPE_ARRAY_OF_MAPS, name, valueBytes: 4, count: count, options: options)
  }

  private init(
    _ type: bpf_map_type, _ name: String, valueBytes: Int, count: Int,
    options: bpf_map_create_opts
  ) throws(BPFError) {
    var options = options
    let created = unsafe bpf_map_create(
      type, name, 4, UInt32(valueBytes), UInt32(count), &options)
    guard created >= 0 else {
      throw BPFError(operation: .createMap, subject: name, code: -created)
    }
    self.name = name
    descriptor = created
  }

  init(duplicating other: CInt, name: String) throws(BPFError) {
    let own = fcntl(other, F_DUPFD_CLOEXEC, 0)
    guard own >= 0 else { throw BPFError(operation: .open, subject: name, code: errno) }
    self.name = name
    descriptor = own
  }

  deinit { close(descriptor) }
}

extension BPFMap {
  /// Adds or replaces an element; the types must be those of the map.
  package func update<Key: BitwiseCopyable, Value: BitwiseCopyable>(_ key: Key, to value: Value)
    throws(BPFError)
  {
    var key = key
    var value = value
    guard unsafe bpf_map_update_elem(descriptor, &key, &value, 0) == 0 else {
      throw BPFError(operation: .update, subject: name, code: errno)
    }
  }

  /// Puts maps into neighbouring places of an array of maps.
  ///
  /// The kernel waits until no program uses what was there before, some 20 ms: for each, unless it
  /// can take several at once (not in 5.10).
  package func update(from first: UInt32, to maps: [BPFMap]) throws(BPFError) {
    var indices = (0..<UInt32(maps.count)).map { first + $0 }
    var descriptors = maps.map(\.descriptor)
    var count = UInt32(maps.count)
    let status = unsafe bpf_map_update_batch(descriptor, &indices, &descriptors, &count, nil)
    guard status != 0 else { return }
    for (index, map) in zip(indices, descriptors) { try update(index, to: map) }
  }

  /// Removes an element, if it is there; the type must be that of the map.
  package func remove<Key: BitwiseCopyable>(_ key: Key) throws(BPFError) {
    var key = key
    guard unsafe bpf_map_delete_elem(descriptor, &key) == 0 || errno == ENOENT else {
      throw BPFError(operation: .update, subject: name, code: errno)
    }
  }

  /// Reads an element into `value`, whose type must be that of the map; false if it is not there.
  package func read<Key: BitwiseCopyable, Value: BitwiseCopyable>(
    _ key: Key, into value: inout Value
  ) -> Bool {
    var key = key
    return unsafe bpf_map_lookup_elem(descriptor, &key, &value) == 0
  }

  /// Adds an element to a queue; false if it is full.
  package func push<Value: BitwiseCopyable>(_ value: Value) -> Bool {
    var value = value
    return unsafe bpf_map_update_elem(descriptor, nil, &value, 0) == 0
  }

  /// The elements of a hash; those that come or go meanwhile may be missing or twice.
  ///
  /// `key` and `value` only say of which types they are, which must be those of the map.
  package func elements<Key: BitwiseCopyable, Value: BitwiseCopyable>(
    key: Key, value: Value, limit: Int
  ) -> [(key: Key, value: Value)] {
    var found: [(key: Key, value: Value)] = []
    var last = key
    var next = key
    var status = unsafe bpf_map_get_next_key(descriptor, nil, &next)
    // An element that is removed sends the walk back to the start.
    while status == 0, found.count < limit {
      var element = value
      if unsafe bpf_map_lookup_elem(descriptor, &next, &element) == 0 {
        found.append((next, element))
      }
      last = next
      status = unsafe bpf_map_get_next_key(descriptor, &last, &next)
    }
    return found
  }

  /// Bytes of kernel memory that the map takes, as the kernel tells; 0 where it does not.
  ///
  /// - Source: `memlock` of `/proc/self/fdinfo/FD` (kernel: bpf_map_show_fdinfo).
  package var kernelBytes: Int { Self.kernelBytes(behind: descriptor) }

  static func kernelBytes(behind descriptor: CInt) -> Int {
    guard let file = unsafe fopen("/proc/self/fdinfo/\(descriptor)", "re") else { return 0 }
    defer { unsafe fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1_024)
    let count = unsafe fread(&bytes, 1, bytes.count, file)
    let text = String(decoding: bytes.prefix(count), as: UTF8.self)
    for line in text.split(separator: "\n") where line.hasPrefix("memlock:") {
      return line.split(whereSeparator: \.isWhitespace).last.flatMap { Int($0) } ?? 0
    }
    return 0
  }
}

extension LoadedObject {
  /// One of the object's maps, to be used beside the object and after it.
  package func map(_ name: String) throws(BPFError) -> BPFMap {
    try BPFMap(duplicating: try descriptor(ofMap: name), name: name)
  }
}
