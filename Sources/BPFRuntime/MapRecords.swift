import CLibBPF
import Glibc

/// Elements as bytes, for those whose reader knows the layout from the header of both sides.
extension BPFMap {
  package struct Record: Sendable {
    package let key: [UInt8]
    package let value: [UInt8]

    package init(key: [UInt8], value: [UInt8]) {
      self.key = key
      self.value = value
    }
  }

  /// The elements of a hash; those that come or go meanwhile may be missing or twice.
  ///
  /// None if the sizes are not those of the map.
  package func records(keyBytes: Int, valueBytes: Int, limit: Int) -> [Record] {
    guard hasSizes(key: keyBytes, value: valueBytes) else { return [] }
    var found: [Record] = []
    var next = [UInt8](repeating: 0, count: keyBytes)
    var value = [UInt8](repeating: 0, count: valueBytes)
    var status = unsafe bpf_map_get_next_key(descriptor, nil, &next)
    while status == 0, found.count < limit {
      if unsafe bpf_map_lookup_elem(descriptor, &next, &value) == 0 {
        found.append(Record(key: next, value: value))
      }
      var last = next
      status = unsafe bpf_map_get_next_key(descriptor, &last, &next)
    }
    return found
  }

  /// Adds or replaces an element; nothing happens to a map with other sizes.
  package func insert(key: [UInt8], value: [UInt8]) throws(BPFError) {
    guard hasSizes(key: key.count, value: value.count) else {
      throw BPFError(operation: .update, subject: name, code: EINVAL)
    }
    var key = key
    var value = value
    guard unsafe bpf_map_update_elem(descriptor, &key, &value, 0) == 0 else {
      throw BPFError(operation: .update, subject: name, code: errno)
    }
  }

  /// Removes the element with a key, and says whether it was there.
  package func take(_ key: [UInt8]) -> Bool {
    guard hasSizes(key: key.count, value: nil) else { return false }
    var key = key
    return unsafe bpf_map_delete_elem(descriptor, &key) == 0
  }

  /// The sum over all CPUs of each entry of a per-CPU array of 64-bit counters; nil if it is none.
  package func counters(count: Int) -> [UInt64]? {
    guard hasSizes(key: 4, value: 8) else { return nil }
    var perCPU = [UInt64](repeating: 0, count: max(1, Int(libbpf_num_possible_cpus())))
    var totals: [UInt64] = []
    for index in 0..<count {
      var key = UInt32(index)
      guard unsafe bpf_map_lookup_elem(descriptor, &key, &perCPU) == 0 else { return nil }
      totals.append(perCPU.reduce(0, &+))
    }
    return totals
  }

  /// The kernel copies as many bytes as the map has, whatever we give it.
  private func hasSizes(key: Int, value: Int?) -> Bool {
    var info = bpf_map_info()
    var size = UInt32(MemoryLayout<bpf_map_info>.size)
    guard unsafe bpf_obj_get_info_by_fd(descriptor, &info, &size) == 0 else { return false }
    return Int(info.key_size) == key && (value == nil || Int(info.value_size) == value)
  }
}

/// Reads little-endian integers out of an element; what lies outside of it reads as 0.
package enum RecordBytes {
  package static func u32(_ bytes: [UInt8], at offset: Int) -> UInt32 {
    UInt32(truncatingIfNeeded: value(bytes, at: offset, count: 4))
  }

  package static func u64(_ bytes: [UInt8], at offset: Int) -> UInt64 {
    value(bytes, at: offset, count: 8)
  }

  private static func value(_ bytes: [UInt8], at offset: Int, count: Int) -> UInt64 {
    guard offset >= 0, offset <= bytes.count - count else { return 0 }
    return bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
