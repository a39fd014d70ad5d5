import ELF
import LinuxHost
import RemoteUnwinding

/// The executables that are in use, so that a file that is mapped under two names is known once.
struct ExecutableCache {
  private struct Entry {
    weak var file: ExecutableFile?
  }

  private var entries: [FileIdentity: Entry] = [:]
  private var sweepAt = 1_024

  /// Gives back the memory of what walks have read of the files.
  func forgetContents() { for entry in entries.values { entry.file?.module.forget() } }

  /// Nil for a file that is no executable image.
  mutating func file(_ opened: OpenFile, path: [UInt8]) -> ExecutableFile? {
    if let known = entries[opened.identity]?.file { return known }
    guard let image = try? ELFImage(opened) else { return nil }
    let file = ExecutableFile(path: path, image: image)
    if entries.count >= sweepAt {
      entries = entries.filter { $0.value.file != nil }
      sweepAt = max(1_024, 2 * entries.count)
    }
    entries[opened.identity] = Entry(file: file)
    return file
  }
}
