import CZlib

/// Compressed bytes in the gzip form, by zlib.
package enum Gzip {
  /// Bytes that one step of zlib may write.
  private static let step = 1 << 18

  package static func compress(_ bytes: [UInt8]) -> [UInt8] {
    var stream = unsafe z_stream()
    // 15 bits of window, + 16 for the gzip form; 6 is zlib's own balance of speed and size.
    let status = unsafe deflateInit2_(
      &stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      CInt(MemoryLayout<z_stream>.size))
    // Only a lack of memory can fail here.
    precondition(status == Z_OK)
    defer { unsafe _ = deflateEnd(&stream) }
    var output: [UInt8] = []
    unsafe bytes.withUnsafeBufferPointer { input in
      var offset = 0
      repeat {
        let count = min(input.count - offset, 1 << 30)
        unsafe stream.next_in = UnsafeMutablePointer(
          mutating: input.baseAddress.map { unsafe $0 + offset })
        unsafe stream.avail_in = UInt32(count)
        offset += count
        unsafe run(&stream, flush: offset == input.count ? Z_FINISH : Z_NO_FLUSH, into: &output)
      } while offset < input.count
    }
    return output
  }

  /// Lets deflate take all of its input.
  private static func run(_ stream: inout z_stream, flush: CInt, into output: inout [UInt8]) {
    var room = 0
    repeat {
      let part = unsafe [UInt8](unsafeUninitializedCapacity: step) { buffer, filled in
        unsafe stream.next_out = buffer.baseAddress
        unsafe stream.avail_out = UInt32(step)
        unsafe _ = deflate(&stream, flush)
        room = unsafe Int(stream.avail_out)
        filled = step - room
      }
      output.append(contentsOf: part)
    } while room == 0
  }

  package static func isCompressed(_ bytes: [UInt8]) -> Bool {
    bytes.count >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b
  }

  /// Everything in the file, members behind each other included, if it is at most `limit` bytes.
  package static func decompress(_ bytes: [UInt8], limit: Int) throws(GzipError) -> [UInt8] {
    var stream = unsafe z_stream()
    let status = unsafe inflateInit2_(
      &stream, 15 + 16, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
    guard status == Z_OK else { throw .malformed }
    defer { unsafe _ = inflateEnd(&stream) }
    guard bytes.count <= UInt32.max else { throw .tooLarge(limit: limit) }
    var output: [UInt8] = []
    let failure = unsafe bytes.withUnsafeBufferPointer { input -> GzipError? in
      unsafe stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
      unsafe stream.avail_in = UInt32(input.count)
      return unsafe inflateAll(&stream, into: &output, limit: limit)
    }
    if let failure { throw failure }
    return output
  }

  private static func inflateAll(
    _ stream: inout z_stream, into output: inout [UInt8], limit: Int
  ) -> GzipError? {
    while true {
      var status = Z_OK
      let part = unsafe [UInt8](unsafeUninitializedCapacity: step) { buffer, filled in
        unsafe stream.next_out = buffer.baseAddress
        unsafe stream.avail_out = UInt32(step)
        unsafe status = inflate(&stream, Z_NO_FLUSH)
        unsafe filled = step - Int(stream.avail_out)
      }
      guard output.count + part.count <= limit else { return .tooLarge(limit: limit) }
      output.append(contentsOf: part)
      switch status {
      case Z_STREAM_END:
        guard unsafe stream.avail_in > 0 else { return nil }
        guard unsafe inflateReset(&stream) == Z_OK else { return .malformed }
      case Z_OK: continue
      // zlib's word for "no more input": the stream did not end.
      case Z_BUF_ERROR: return .truncated
      default: return .malformed
      }
    }
  }
}
