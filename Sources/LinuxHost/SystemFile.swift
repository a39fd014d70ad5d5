import CLinux
import Glibc

/// Reads files of `/proc` and `/sys`, whose size is not known before they end.
package enum SystemFile {
  /// All bytes up to `limit`, or nil if the file cannot be opened.
  package static func read(_ path: String, limit: Int = 1 << 20) -> [UInt8]? {
    let descriptor = unsafe wick_open(path, O_RDONLY | O_CLOEXEC, 0)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return readAll(descriptor, limit: limit)
  }

  /// Up to a page of a file that has no more, such as those of `/sys`, taken with one call.
  ///
  /// - Source: kernel, Documentation/filesystems/sysfs.rst: an attribute is written into one page.
  package static func page(_ path: String) -> String? {
    page(unsafe wick_open(path, O_RDONLY | O_CLOEXEC, 0))
  }

  /// The page of an open file, which is closed; nil if it was not opened or cannot be read.
  static func page(_ descriptor: CInt) -> String? {
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: pageBytes) { buffer in
      var status = 0
      repeat {
        status = unsafe Glibc.read(descriptor, buffer.baseAddress, pageBytes)
      } while status < 0 && errno == EINTR
      guard status >= 0 else { return nil }
      return unsafe String(
        decoding: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<status]),
        as: UTF8.self)
    }
  }

  package static func text(_ path: String) -> String? {
    read(path).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The whole file as a number.
  package static func integer(_ path: String) -> Int? {
    guard let text = text(path) else { return nil }
    return Int(text.prefix { $0 != "\n" })
  }

  /// The names in a directory, in no order; none if it cannot be read.
  package static func names(in folder: String) -> [String] { entries(of: folder) ?? [] }

  /// The names in a directory, in no order; nil if it cannot be read.
  package static func entries(of folder: String) -> [String]? {
    guard let directory = unsafe opendir(folder) else { return nil }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while names.count < entryLimit, let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// The names of the directories in a directory, in no order, and without symbolic links.
  ///
  /// - Source: readdir(3); the kernel's own file systems say what an entry is. A name that is not
  ///   UTF-8 is changed, so that nothing is found under it.
  package static func folders(in folder: String) -> [String] {
    guard let directory = unsafe opendir(folder) else { return [] }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while names.count < entryLimit, let entry = unsafe readdir(directory) {
      guard unsafe entry.pointee.d_type == UInt8(DT_DIR) else { continue }
      let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// Where a path leads without symbolic links; nil if there is nothing.
  package static func realPath(_ path: String) -> String? {
    guard let resolved = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  private static let entryLimit = 65_536

  static func readAll(_ descriptor: CInt, limit: Int) -> [UInt8] {
    var contents: [UInt8] = []
    // Most files of the kernel are a line; few are megabytes.
    var wanted = firstBytes
    while contents.count < limit {
      let room = min(wanted, limit - contents.count)
      var status = 0
      let chunk = unsafe [UInt8](unsafeUninitializedCapacity: room) { buffer, filled in
        repeat {
          status = unsafe Glibc.read(descriptor, buffer.baseAddress, room)
        } while status < 0 && errno == EINTR
        filled = max(0, status)
      }
      guard status > 0 else { break }
      if contents.isEmpty { contents = chunk } else { contents += chunk }
      wanted = min(2 * wanted, mostBytes)
    }
    return contents
  }

  private static let pageBytes = 4_096
  private static let firstBytes = 4_096
  private static let mostBytes = 1 << 20
}
