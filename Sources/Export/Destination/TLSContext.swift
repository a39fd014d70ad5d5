import LinuxHost
import NIOSSL
import Synchronization

/// Certificates and keys of one destination, loaded when they are needed and again when they change.
final class TLSContext: Sendable {
  private struct Loaded {
    var context: NIOSSLContext
    var files: [FileIdentity?]
  }

  private let settings: DestinationSettings.TLS
  private let loaded = Mutex<Loaded?>(nil)

  /// Bytes; the authorities of a whole system have some 220 KB.
  private static let fileLimit = 4 << 20
  /// Where Debian keeps the authorities of the system, which upgrades replace.
  private static let systemAuthorities = "/etc/ssl/certs/ca-certificates.crt"

  init(_ settings: DestinationSettings.TLS) { self.settings = settings }

  /// To be asked for each new connection.
  func current() throws(DestinationProblem) -> NIOSSLContext {
    let files = identities
    if let context = loaded.withLock({ $0?.files == files ? $0?.context : nil }) { return context }
    let context = try Self.load(settings)
    loaded.withLock { $0 = Loaded(context: context, files: files) }
    return context
  }

  private var identities: [FileIdentity?] {
    let authorities = settings.authorityFile ?? Self.systemAuthorities
    return [authorities, settings.certificateFile, settings.keyFile].map { path in
      path.flatMap { OpenFile(trusted: $0)?.identity }
    }
  }

  static func load(_ settings: DestinationSettings.TLS) throws(DestinationProblem)
    -> NIOSSLContext
  {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = ["http/1.1"]
    if settings.acceptsAnyCertificate { configuration.certificateVerification = .none }
    if let path = settings.authorityFile {
      configuration.trustRoots = .certificates(try certificates(path))
    }
    switch (settings.certificateFile, settings.keyFile) {
    case (nil, nil): break
    case (let certificate?, let key?):
      configuration.certificateChain = try certificates(certificate).map { .certificate($0) }
      configuration.privateKey = .privateKey(try Self.key(key))
    default:
      throw DestinationProblem(
        .clientCertificate, "only one of certificate and key is set", remedy: "set both, or none")
    }
    do {
      return try NIOSSLContext(configuration: configuration)
    } catch {
      let files = [settings.certificateFile, settings.keyFile].compactMap { $0 }
      throw DestinationProblem(
        .clientCertificate,
        files.isEmpty
          ? "cannot load the system's certificate authorities"
          : "\(files.joined(separator: " and ")) cannot be used together",
        remedy: files.isEmpty
          ? "apt install ca-certificates" : "check that the key is the certificate's")
    }
  }

  private static func certificates(_ path: String) throws(DestinationProblem)
    -> [NIOSSLCertificate]
  {
    let bytes = try read(path)
    guard let found = try? NIOSSLCertificate.fromPEMBytes(bytes), !found.isEmpty else {
      throw DestinationProblem(
        .certificates, "\(path) holds no certificate in PEM form",
        remedy: "it must have BEGIN CERTIFICATE lines")
    }
    return found
  }

  private static func key(_ path: String) throws(DestinationProblem) -> NIOSSLPrivateKey {
    let bytes = try read(path)
    guard let key = try? NIOSSLPrivateKey(bytes: bytes, format: .pem) else {
      throw DestinationProblem(
        .clientCertificate, "\(path) holds no private key in PEM form without a password",
        remedy: "openssl pkey -in \(path) -out NEW")
    }
    return key
  }

  private static func read(_ path: String) throws(DestinationProblem) -> [UInt8] {
    do throws(TrustedFile.Failure) {
      return try TrustedFile.read(path, limit: fileLimit)
    } catch {
      throw DestinationProblem(.certificates, error.description, remedy: nil)
    }
  }
}

extension TLSContext {
  /// Whether the file's first certificate, which is ours, has expired.
  static func expired(_ path: String, at unixSeconds: Int) -> Bool {
    guard let bytes = try? read(path), let found = try? NIOSSLCertificate.fromPEMBytes(bytes),
      let first = found.first
    else { return false }
    return Int(first.notValidAfter) < unixSeconds
  }
}
