/// Samples with all that it takes to walk their stacks again, on another machine and at any time.
package struct Capture: Equatable, Sendable {
  /// An executable file that stacks lead through.
  package struct File: Equatable, Sendable {
    /// Bytes of any kind.
    package var path: [UInt8]
    /// In hexadecimal digits; empty if the file has none.
    package var buildID: [UInt8]
    /// Nil if nothing in the file says how to unwind it.
    package var table: UnwindTable?

    package init(path: [UInt8], buildID: [UInt8], table: UnwindTable?) {
      self.path = path
      self.buildID = buildID
      self.table = table
    }
  }

  /// Executable memory of a process when it was sampled.
  package struct Mapping: Equatable, Sendable {
    package var start: UInt64
    package var end: UInt64
    /// What loading added to the file's own addresses.
    package var bias: UInt64
    /// Index in `files` plus `firstFile`, or one of `enum special_file` in BPF/shared/unwind.h.
    package var file: UInt32

    package init(start: UInt64, end: UInt64, bias: UInt64, file: UInt32) {
      self.start = start
      self.end = end
      self.bias = bias
      self.file = file
    }
  }

  package struct Sample: Equatable, Sendable {
    /// A `struct raw_sample` of BPF/shared/events.h: registers and a copy of the stack.
    package var record: [UInt8]
    package var mappings: [Mapping]
    /// The user frames from the leaf to the start of the thread, as they were found then; return
    /// addresses have bit 63 set.
    package var frames: [UInt64]

    package init(record: [UInt8], mappings: [Mapping], frames: [UInt64]) {
      self.record = record
      self.mappings = mappings
      self.frames = frames
    }
  }

  package var files: [File] = []
  package var samples: [Sample] = []

  package init() {}

  /// The first number of a file; smaller ones say what is there in place of a file.
  package static let firstFile: UInt32 = 3
  private static let magic: UInt64 = 0x3270_6163_6B63_6977  // "wickcap2"
  private static let mappingBytes = 28
  /// The tables need no secret: who can change the file can change all of it.
  private static let tableKey = KeyedHash.Key(low: 0, high: 0)
}

extension Capture {
  /// Little-endian: magic, counts of files and samples, then each; a count of bytes or elements
  /// stands before whatever may be of any length.
  package func encoded() -> [UInt8] {
    var bytes: [UInt8] = []
    Self.append(Self.magic, to: &bytes)
    Self.append(UInt32(files.count), to: &bytes)
    Self.append(UInt32(samples.count), to: &bytes)
    for file in files {
      Self.append(file.path, to: &bytes)
      Self.append(file.buildID, to: &bytes)
      let table = file.table.map {
        TableFile(identity: TableFile.Identity(low: 0, high: 0), table: $0)
          .encoded(key: Self.tableKey)
      }
      Self.append(table ?? [], to: &bytes)
    }
    for sample in samples {
      Self.append(sample.record, to: &bytes)
      Self.append(UInt32(sample.mappings.count), to: &bytes)
      for mapping in sample.mappings {
        for word in [mapping.start, mapping.end, mapping.bias] { Self.append(word, to: &bytes) }
        Self.append(mapping.file, to: &bytes)
      }
      Self.append(UInt32(sample.frames.count), to: &bytes)
      for frame in sample.frames { Self.append(frame, to: &bytes) }
    }
    return bytes
  }

  private static func append(_ part: [UInt8], to bytes: inout [UInt8]) {
    append(UInt32(part.count), to: &bytes)
    bytes.append(contentsOf: part)
  }

  private static func append<Value: FixedWidthInteger>(_ value: Value, to bytes: inout [UInt8]) {
    for index in 0..<(Value.bitWidth / 8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index)))
    }
  }
}

extension Capture {
  /// Nil unless the bytes are exactly what `encoded` makes of some capture.
  ///
  /// Allocates no more than a small multiple of the bytes.
  package init?(_ bytes: Span<UInt8>) {
    var cursor = ByteCursor(bytes.raw)
    guard cursor.take(UInt64.self) == Self.magic, let fileCount = cursor.take(UInt32.self),
      let sampleCount = cursor.take(UInt32.self)
    else { return nil }
    for _ in 0..<fileCount {
      guard let file = Self.takeFile(&cursor) else { return nil }
      files.append(file)
    }
    for _ in 0..<sampleCount {
      guard let sample = Self.takeSample(&cursor, fileCount: fileCount) else { return nil }
      samples.append(sample)
    }
    guard cursor.isAtEnd else { return nil }
  }

  private static func takeFile(_ cursor: inout ByteCursor) -> File? {
    guard let path = takeBytes(&cursor), let buildID = takeBytes(&cursor),
      let table = takeBytes(&cursor)
    else { return nil }
    guard !table.isEmpty else { return File(path: path, buildID: buildID, table: nil) }
    guard let decoded = TableFile(table.span, key: tableKey) else { return nil }
    return File(path: path, buildID: buildID, table: decoded.table)
  }

  private static func takeSample(_ cursor: inout ByteCursor, fileCount: UInt32) -> Sample? {
    guard let record = takeBytes(&cursor), let count = cursor.take(UInt32.self),
      Int(count) <= cursor.remaining / mappingBytes
    else { return nil }
    var sample = Sample(record: record, mappings: [], frames: [])
    for _ in 0..<count {
      guard let start = cursor.take(UInt64.self), let end = cursor.take(UInt64.self), start < end,
        let bias = cursor.take(UInt64.self), let file = cursor.take(UInt32.self),
        file < firstFile || file - firstFile < fileCount
      else { return nil }
      sample.mappings.append(Mapping(start: start, end: end, bias: bias, file: file))
    }
    guard let frames = cursor.take(UInt32.self), Int(frames) <= cursor.remaining / 8 else {
      return nil
    }
    for _ in 0..<frames {
      guard let frame = cursor.take(UInt64.self) else { return nil }
      sample.frames.append(frame)
    }
    return sample
  }

  private static func takeBytes(_ cursor: inout ByteCursor) -> [UInt8]? {
    guard let count = cursor.take(UInt32.self), Int(count) <= cursor.remaining else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Int(count))
    for _ in 0..<count {
      guard let byte = cursor.take(UInt8.self) else { return nil }
      bytes.append(byte)
    }
    return bytes
  }
}
