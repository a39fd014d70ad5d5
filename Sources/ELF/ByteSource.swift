import LinuxHost

/// Where the bytes of an image are: an open file, or memory of ours such as a copy of the vDSO.
enum ByteSource: Sendable {
  case file(OpenFile)
  case memory([UInt8])

  var size: UInt64 {
    switch self {
    case .file(let file): file.size
    case .memory(let bytes): UInt64(bytes.count)
    }
  }

  /// Up to `count` bytes at `offset`, fewer at the end; never allocates more than there is.
  func read(at offset: UInt64, count: UInt64) -> [UInt8] {
    guard offset < size, count > 0 else { return [] }
    let available = Int(min(count, size - offset))
    switch self {
    case .file(let file): return file.read(at: offset, count: available)
    case .memory(let bytes): return Array(bytes[Int(offset)..<Int(offset) + available])
    }
  }

  /// Whether `count` bytes at `offset` are all inside.
  func contains(offset: UInt64, count: UInt64) -> Bool {
    offset <= size && count <= size - offset
  }
}
