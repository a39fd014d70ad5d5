package import LinuxHost
import ResourceModel

/// Asks a running agent how it is, through its unix socket.
package enum StatusClient {
  package enum Form: String, Sendable {
    case text = "/status"
    case json = "/health"
  }

  package struct Answer: Hashable, Sendable {
    /// Whether the agent does its job.
    package let isHealthy: Bool
    /// Lines that are safe for a terminal, whoever answered.
    package let text: String
  }

  package enum Failure: Error, Hashable {
    /// There is no socket.
    case notRunning(path: String)
    /// There is a socket, and nobody listens to it.
    case dead(path: String)
    /// It may run or not: no permission, or no answer in time.
    case unknown(LocalSocket.Failure)
    case noAgent(path: String)
  }

  /// Bytes of an answer that are read.
  private static let limit = 1 << 20
  /// The agent takes a client that is slow to ask for one that says nothing, and then does not answer
  /// in HTTP.
  private static let attempts = 5

  package static func ask(_ path: String, _ form: Form, timeout: Duration = .seconds(5))
    throws(Failure) -> Answer
  {
    let request = Array("GET \(form.rawValue) HTTP/1.0\r\nHost: localhost\r\n\r\n".utf8)
    for _ in 0..<attempts {
      let bytes: [UInt8]
      do throws(LocalSocket.Failure) {
        bytes = try LocalSocket.ask(path, request, limit: limit, timeout: timeout)
      } catch {
        switch error.kind {
        case .missing: throw .notRunning(path: path)
        case .refused: throw .dead(path: path)
        case .other: throw .unknown(error)
        }
      }
      if let answer = answer(in: bytes) { return answer }
    }
    throw .noAgent(path: path)
  }

  /// Nil if it is no answer of ours.
  static func answer(in bytes: [UInt8]) -> Answer? {
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    guard let first = lines.first, let end = lines.firstIndex(where: { $0 == [13] }) else {
      return nil
    }
    let words = String(decoding: first, as: UTF8.self).split(separator: " ")
    guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let code = Int(words[1]),
      code == 200 || code == 503
    else { return nil }
    let body = lines[(end + 1)...].map { SafeText($0, limit: limit).text }
    return Answer(isHealthy: code == 200, text: body.joined(separator: "\n"))
  }
}

extension StatusClient.Failure: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notRunning(let path):
      "no agent is running: there is no \(path) (start it: systemctl start wick)"
    case .dead(let path):
      "the agent has died: nobody listens to \(path) (see journalctl -u wick)"
    case .unknown(let failure):
      "the agent cannot be asked: \(failure) (be root or in the group wick, or try again)"
    case .noAgent(let path): "\(path) is not answered by an agent (name its socket)"
    }
  }

  /// As the Linux Standard Base has them for the status of a service, and `systemctl status` after it.
  package var exitStatus: Int32 {
    switch self {
    case .dead: 2
    case .notRunning: 3
    case .unknown, .noAgent: 4
    }
  }
}
