import LinuxHost
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// What the libraries say about a connection that failed, as one line with a remedy.
enum ConnectionProblem {
  static func line(_ error: any Error, server: String) -> String {
    switch error {
    case let failure as HTTPFailure: failure.reason
    case let error as NIOConnectionError: connecting(error, server)
    case let error as IOError:
      "the connection to \(server) broke: \(system(error)) (see its log)"
    case ChannelError.connectTimeout:
      "no connection to \(server) in time (check network, firewall and address)"
    case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: secure(error, server)
    case HTTPParserError.invalidEOFState:
      "\(server) closed the connection before it had answered (see its log)"
    default:
      "\(server) answered with something that is not HTTP: "
        + SafeText.line(String(describing: error)) + " (check the port)"
    }
  }

  /// Whether the connection has ended, as one may that nobody used for a while.
  static func isEnd(_ error: any Error) -> Bool {
    switch error {
    case is IOError, HTTPParserError.invalidEOFState, NIOSSLError.uncleanShutdown: true
    default: false
    }
  }

  private static func system(_ error: IOError) -> String {
    SystemError.text(error.errnoCode)
  }

  private static func connecting(_ error: NIOConnectionError, _ server: String) -> String {
    if let first = error.connectionErrors.first {
      switch first.error {
      case ChannelError.connectTimeout:
        return "no connection to \(server) in time (check network, firewall and address)"
      case let error as IOError:
        return "cannot connect to \(server): \(system(error)) (is the server running there?)"
      default:
        return "cannot connect to \(server): \(SafeText.line(String(describing: first.error)))"
      }
    }
    return "cannot find the address of \(server) (check the name and /etc/resolv.conf)"
  }

  /// BoringSSL names its errors in capitals inside of longer texts.
  private static let tlsErrors: [(name: String, meaning: String)] = [
    (
      "CERTIFICATE_VERIFY_FAILED",
      "its certificate is not signed by an authority that we trust, or has expired "
        + "(name the authority's file)"
    ),
    (
      "WRONG_VERSION_NUMBER",
      "it does not speak TLS there (check the port, or write http:// instead of https://)"
    ),
    (
      "EOF during handshake",
      "it hung up during the TLS handshake (check the port, or write http:// if it speaks no TLS)"
    ),
    ("CERTIFICATE_REQUIRED", "it wants a client certificate (name certificate and key files)"),
    ("ALERT_UNKNOWN_CA", "it does not trust our client certificate (check the certificate file)"),
    (
      "ALERT_BAD_CERTIFICATE",
      "it wants another client certificate (check the certificate and key files)"
    ),
    ("ALERT_HANDSHAKE_FAILURE", "it wants a client certificate, or has no cipher in common"),
    ("PROTOCOL_VERSION", "it has no TLS version in common with us, who want 1.2 or newer"),
  ]

  private static func secure(_ error: any Error, _ server: String) -> String {
    let text = String(describing: error)
    if let error = error as? NIOSSLExtraError, error == .failedToValidateHostname {
      return "\(server): its certificate is for another name "
        + "(set the server name, or check the URL)"
    }
    if let known = tlsErrors.first(where: { text.contains($0.name) }) {
      return "\(server): \(known.meaning)"
    }
    if case NIOSSLError.uncleanShutdown = error {
      return "\(server) closed the connection before it had answered (see its log)"
    }
    // Behind the error's name stands where in the library it came up.
    let name = text.firstRange(of: " at /").map { text[..<$0.lowerBound] } ?? text[...]
    return "\(server): the TLS connection failed: \(SafeText.line(String(name))) "
      + "(see the server's log)"
  }
}
