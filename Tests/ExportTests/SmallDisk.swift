import Foundation
import Testing

/// A file system in memory that holds so much and no byte more, mounted while the test runs.
///
/// It needs root.
final class SmallDisk {
  let path = NSTemporaryDirectory() + "wick-disk-\(UUID().uuidString)"

  init(mebibytes: Int = 8) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try Self.run(
      "mount", "-t", "tmpfs", "-o", "size=\(mebibytes)m,mode=700", "wick-test", path)
  }

  deinit {
    try? Self.run("umount", "-l", path)
    try? FileManager.default.removeItem(atPath: path)
  }

  func remount(_ option: String) throws { try Self.run("mount", "-o", "remount,\(option)", path) }

  private static func run(_ command: String, _ arguments: String...) throws {
    let process = try Process.run(
      URL(fileURLWithPath: "/usr/bin/\(command)"), arguments: arguments)
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(command) \(arguments)")
  }
}
