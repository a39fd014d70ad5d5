import LinuxHost

/// What came of reading a batch from disk.
enum SpoolReading {
  case whole(Batch)
  /// Not the bytes that were written.
  case damaged
  /// The disk said so.
  case failed(FileError)

  init(
    _ record: Segment.Record, of segment: UInt64, salt: UInt64, in files: any SpoolFiles
  ) {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try files.read(
        Segment.name(segment), at: UInt64(record.offset),
        count: RecordHeader.byteCount + Int(record.bytes))
    } catch {
      // Somebody has removed the file.
      self = error.isMissing ? .damaged : .failed(error)
      return
    }
    guard let header = RecordHeader(bytes.span, at: 0, salt: salt),
      let batch = header.batch(payload: bytes[RecordHeader.byteCount...])
    else {
      self = .damaged
      return
    }
    self = .whole(batch)
  }
}
