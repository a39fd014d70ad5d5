import LinuxHost
import MetricModel

/// Reads one concern of the host.
protocol Collector: Sendable {
  /// As it is called in `node_scrape_collector_success`.
  static var name: String { get }

  /// Adds what there is; false where the host has nothing of the kind.
  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool
}

/// The files that collectors read.
struct HostFiles {
  let proc: String
  let sys: String
  /// Where the host's own files are.
  let root: String

  func text(_ path: String) -> String? { SystemFile.text(path) }

  /// The file's words as a number.
  func number(_ path: String) -> Double? {
    SystemFile.text(path).flatMap { Double($0.prefix { !$0.isWhitespace }) }
  }

  /// The file's first line without blanks around it; nil if it cannot be read.
  func line(_ path: String) -> String? {
    SystemFile.text(path).map { text in
      String(text.prefix { $0 != "\n" }.drop { $0 == " " })
    }
  }

  /// The whole of a small file without blanks and line ends around it; nil if it cannot be read.
  func word(_ path: String) -> String? {
    SystemFile.read(path, limit: Self.wordBytes).map { bytes in
      let start = bytes.drop { $0 <= UInt8(ascii: " ") }
      let end = start.lastIndex { $0 > UInt8(ascii: " ") } ?? start.startIndex - 1
      return String(decoding: start[...end], as: UTF8.self)
    }
  }

  /// Entries of a folder that are a word and a number: `cpu0`, by that number.
  func numbered(_ word: String, in folder: String) -> [(name: String, number: String)] {
    names(in: folder).filter { $0.isNumbered(word) }.map { ($0, String($0.dropFirst(word.count))) }
  }

  /// When the host booted, in seconds since 1970.
  var bootSeconds: Double? {
    lines("\(proc)/stat")?.first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst(6)) }
  }

  /// A page, the most that a file of `/sys` has.
  private static let wordBytes = 4_096

  func lines(_ path: String) -> [Substring]? {
    SystemFile.text(path)?.utf8.split(separator: UInt8(ascii: "\n")).map { Substring($0) }
  }

  func names(in folder: String) -> [String] { SystemFile.names(in: folder).sorted() }
}

// Bytes instead of characters: what separates them is ASCII, and this is several times as fast.
extension StringProtocol where SubSequence == Substring {
  /// What stands between blanks.
  var words: [Substring] {
    Substring(self).utf8.split(separator: UInt8(ascii: " ")).map { Substring($0) }
  }
}

extension String {
  /// A word with nothing but digits behind it.
  func isNumbered(_ word: String) -> Bool {
    let digits = utf8.dropFirst(word.utf8.count)
    return hasPrefix(word) && !digits.isEmpty
      && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }
}

extension StringProtocol {
  /// Can be a part of a metric's name: letters, digits and underscores alone.
  var isNamePart: Bool {
    !isEmpty && utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
        true
      default: false
      }
    }
  }
}
