import LinuxHost
import MetricModel

/// Reads one concern of the host.
protocol Collector: Sendable {
  /// As it is called in `node_scrape_collector_success`.
  static var name: String { get }
  /// Whether metrics of its that others have too are left out: it does not choose the names.
  static var givesWay: Bool { get }

  /// Adds what there is; false where the host has nothing of the kind.
  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool
}

extension Collector {
  static var givesWay: Bool { false }
}

/// The files that collectors read.
struct HostFiles {
  let proc: String
  let sys: String
  /// Where the host's own files are.
  let root: String

  func text(_ path: String) -> String? { SystemFile.text(path) }

  /// What a small file begins with, as a number.
  func number(_ path: String) -> Double? { SystemFile.page(path).flatMap(\.leadingNumber) }

  /// The first line of a small file without blanks before it; nil if it cannot be read.
  func line(_ path: String) -> String? { SystemFile.page(path).map(\.firstLine) }

  /// The whole of a small file without blanks and line ends around it; nil if it cannot be read.
  func word(_ path: String) -> String? { SystemFile.page(path).map(\.withoutBlanksAround) }

  /// Entries of a folder that are a word and a number: `cpu0`, by that number.
  func numbered(_ word: String, in folder: String) -> [(name: String, number: String)] {
    names(in: folder).filter { $0.isNumbered(word) }.map { ($0, String($0.dropFirst(word.count))) }
  }

  /// When the host booted, in seconds since 1970.
  var bootSeconds: Double? {
    lines("\(proc)/stat")?.first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst(6)) }
  }

  func lines(_ path: String) -> [Substring]? {
    SystemFile.text(path)?.utf8.split(separator: UInt8(ascii: "\n")).map { Substring($0) }
  }

  func names(in folder: String) -> [String] { SystemFile.names(in: folder).sorted() }
}

// Bytes instead of characters: what separates them is ASCII, and this is several times as fast.
extension String {
  /// What stands before the first blank, as a number.
  var leadingNumber: Double? { Double(Substring(utf8.prefix { !$0.isBlank })) }

  /// The first line without blanks before it.
  var firstLine: String {
    String(
      Substring(utf8.prefix { $0 != UInt8(ascii: "\n") }.drop { $0 == UInt8(ascii: " ") }))
  }

  var withoutBlanksAround: String {
    let start = utf8.drop(while: \.isBlank)
    let end = start.lastIndex { !$0.isBlank }.map { start.index(after: $0) } ?? start.startIndex
    return String(Substring(start[..<end]))
  }
}

extension UInt8 {
  /// A blank, a tab, the end of a line, or another control character.
  var isBlank: Bool { self <= UInt8(ascii: " ") }
}

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
    !isEmpty
      && utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }
}
