import CLinux
import Glibc

/// A mounted Btrfs file system and the devices that it is on.
///
/// - Source: kernel, include/uapi/linux/btrfs.h.
package struct BtrfsVolume: Sendable {
  package struct Device: Sendable {
    /// The device's name without its folder, `sda1`.
    package let name: String
    /// In the usual form with hyphens.
    package let uuid: String
    package let totalBytes: UInt64
    package let usedBytes: UInt64
    /// What went wrong, by kind.
    package let errors: [(type: String, count: UInt64)]
  }

  /// In the usual form with hyphens.
  package let uuid: String
  package let devices: [Device]

  /// Devices of one file system that are asked for.
  private static let deviceLimit = 1_024

  /// All that are mounted and can be opened, each once.
  ///
  /// - Parameters:
  ///   - mounts: the contents of `/proc/PID/mounts`.
  ///   - root: what stands before the mount points.
  package static func mounted(mounts: String, root: String) -> [BtrfsVolume] {
    var seen: Set<Substring> = []
    var volumes: [BtrfsVolume] = []
    for line in mounts.split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count > 2, fields[2] == "btrfs", seen.insert(fields[0]).inserted,
        let volume = BtrfsVolume(at: root + String(fields[1])),
        !volumes.contains(where: { $0.uuid == volume.uuid })
      else { continue }
      volumes.append(volume)
    }
    return volumes
  }

  /// Nil if it is none, or does not answer.
  init?(at path: String) {
    let file = unsafe wick_open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY | O_NONBLOCK, 0)
    guard file >= 0 else { return nil }
    defer { close(file) }
    guard let facts = Self.ask(file, Question.facts, about: nil) else { return nil }
    let last = Self.word(facts, at: 0)
    let count = Self.word(facts, at: 8)
    let digits = Self.digits(facts[16..<32])
    var devices: [Device] = []
    // Numbers of devices that are gone are not used again.
    for id in 0...min(last, UInt64(Self.deviceLimit)) where UInt64(devices.count) < count {
      if let device = Self.device(id, of: file) { devices.append(device) }
    }
    uuid = Self.hyphenated(digits)
    self.devices = devices
  }

  private static func device(_ id: UInt64, of file: CInt) -> Device? {
    guard let facts = ask(file, Question.device, about: id) else { return nil }
    let path = facts[3_072...].prefix { $0 != 0 }
    let statistics = ask(file, Question.errors, about: id)
    let kinds = ["write", "read", "flush", "corruption", "generation"]
    let errors = kinds.enumerated().compactMap { index, kind in
      statistics.map { (type: kind, count: word($0, at: 24 + 8 * index)) }
    }
    let name = path.split(separator: UInt8(ascii: "/")).last ?? []
    return Device(
      name: String(decoding: name, as: UTF8.self), uuid: hyphenated(digits(facts[8..<24])),
      totalBytes: word(facts, at: 32), usedBytes: word(facts, at: 24), errors: errors)
  }

  /// The numbers of the requests and the bytes of their answers.
  private enum Question {
    static let facts = (number: UInt32(31), direction: UInt32(2), bytes: 1_024)
    static let device = (number: UInt32(30), direction: UInt32(3), bytes: 4_096)
    static let errors = (number: UInt32(52), direction: UInt32(3), bytes: 1_032)
  }

  private static func ask(
    _ file: CInt, _ question: (number: UInt32, direction: UInt32, bytes: Int), about id: UInt64?
  ) -> [UInt8]? {
    var answer = [UInt8](repeating: 0, count: question.bytes)
    if let id {
      for index in 0..<8 { answer[index] = UInt8(truncatingIfNeeded: id >> UInt64(8 * index)) }
      // How many kinds of errors we know.
      if question.number == Question.errors.number { answer[8] = 5 }
    }
    let status = unsafe wick_ask_btrfs(
      file, question.direction, question.number, &answer, question.bytes)
    return status == 0 ? answer : nil
  }

  private static func word(_ bytes: [UInt8], at offset: Int) -> UInt64 {
    bytes[offset..<(offset + 8)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func digits(_ bytes: ArraySlice<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  private static func hyphenated(_ digits: String) -> String {
    var text = ""
    for (index, digit) in digits.enumerated() {
      if [8, 12, 16, 20].contains(index) { text += "-" }
      text.append(digit)
    }
    return text
  }
}
