import LinuxHost
import NIOCore

/// Why the agent cannot answer anybody: which setting, what is wrong with it, and what helps.
package struct EndpointError: Error, Hashable {
  /// As the configuration names it.
  package let setting: String
  package let problem: String
  package let remedy: String
}

extension EndpointError: CustomStringConvertible {
  package var description: String { "\(setting): \(problem) (\(remedy))" }
}

extension EndpointError {
  static func cannotListen(_ address: String, setting: String, _ error: any Error) -> EndpointError
  {
    let code = (error as? IOError)?.errnoCode
    let reason = code.map { SystemReason.text($0) } ?? "no such address"
    let remedy =
      switch code {
      case 98: "stop the program that has the port, or choose another one"
      case 13: "choose a port above 1023"
      default: "name an address of this host"
      }
    return EndpointError(
      setting: setting, problem: "cannot listen on \(address): \(reason)", remedy: remedy)
  }

  static func cannotOpenSocket(_ path: String, setting: String, _ error: any Error)
    -> EndpointError
  {
    let code = (error as? LocalSocket.Failure)?.code ?? (error as? IOError)?.errnoCode
    let reason = code.map { SystemReason.text($0) } ?? "\(error)"
    return EndpointError(
      setting: setting, problem: "cannot listen on \(path): \(reason)",
      remedy: "name a path of at most 107 bytes in a directory that we may write, where nothing is")
  }

  static func needsToken(_ address: String, _ settings: EndpointSettings) -> EndpointError {
    EndpointError(
      setting: settings.listenSetting,
      problem: "\(address) can be reached from other hosts, and no token is asked for",
      remedy: "name a file with a token as \(settings.tokenSetting), or listen on 127.0.0.1")
  }

  static func weakToken(_ path: String, setting: String) -> EndpointError {
    EndpointError(
      setting: setting,
      problem: "the token in \(path) has fewer than \(BearerToken.shortest) characters",
      remedy: "put a longer one there, such as that of: openssl rand -hex 32")
  }
}
