import CLibBPF

extension BPFMap {
  /// Calls `body` with each entry of a hash, whose types must be those of the map; entries that come or
  /// go meanwhile may be missed, or come twice.
  package func forEach<Key: BitwiseCopyable, Value: BitwiseCopyable>(
    key: Key, value: Value, _ body: (Key, Value) -> Void
  ) {
    var key = key
    var value = value
    var next = key
    var status = unsafe bpf_map_get_next_key(descriptor, nil, &next)
    while status == 0 {
      key = next
      if read(key, into: &value) { body(key, value) }
      status = unsafe bpf_map_get_next_key(descriptor, &key, &next)
    }
  }

  /// Removes all entries of a hash, for which `key` is any key.
  package func removeAll<Key: BitwiseCopyable>(key: Key) throws(BPFError) {
    var key = key
    while unsafe bpf_map_get_next_key(descriptor, nil, &key) == 0 { try remove(key) }
  }
}
