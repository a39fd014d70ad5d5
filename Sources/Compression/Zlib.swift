import CZlib

/// Compressed bytes in the zlib form, as sections of ELF files have them.
package enum Zlib {
  /// The `size` bytes that were compressed; nil if they are not exactly so many.
  ///
  /// The caller has to check `size`, for so much is allocated.
  package static func decompress(_ bytes: [UInt8], size: Int) -> [UInt8]? {
    var written = uLongf(size)
    let isWhole = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
      let status = unsafe uncompress(
        buffer.baseAddress, &written, bytes, uLong(bytes.count))
      filled = status == Z_OK ? Int(written) : 0
    }
    return isWhole.count == size ? isWhole : nil
  }
}
