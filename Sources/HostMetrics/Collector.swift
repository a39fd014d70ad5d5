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
