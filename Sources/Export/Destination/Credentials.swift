import LinuxHost

/// The secrets of one request, read anew from their files, so that they can be exchanged.
struct Credentials: Sendable {
  let field: HTTPMessage.Field?
  /// What must not appear in messages.
  let secrets: [Secret]

  static func read(_ settings: DestinationSettings) throws(TrustedFile.Failure) -> Credentials {
    let headers = settings.headers.map { Secret($0.value) }
    switch settings.authentication {
    case .none: return Credentials(field: nil, secrets: headers)
    case .bearer(let path):
      let token = try SecretFile(path: path).read()
      return Credentials(
        field: ("Authorization", "Bearer \(token.revealed)"), secrets: headers + [token])
    case .basic(let user, let path):
      let password = try SecretFile(path: path).read()
      let pair = Base64.encode(Array("\(user):\(password.revealed)".utf8))
      return Credentials(
        field: ("Authorization", "Basic \(pair)"), secrets: headers + [password, Secret(pair)])
    }
  }
}
