package import Export

/// A directory in which the newest profiles are kept as pprof files.
package struct ProfileDirectoryConfiguration: Hashable, Sendable {
  package var name = "profiles"
  package var path = "/var/lib/wick/profiles"
  package var limits = ProfileDirectory.Limits()

  package init() {}
}

extension ProfileDirectoryConfiguration {
  static let bytesForm = ValueForm<Int>.bytes(1 << 20...1 << 40)
  static let timeForm = ValueForm<Duration>.time(.seconds(60)...Duration.seconds(366 * 86_400))
  static let filesForm = ValueForm<Int>.count(1...65_536, "files")

  static let keys: [Key<Self>] = [
    .value(
      "path", \.path, .path(),
      "A directory that nothing else uses. It is made if it is missing."),
    .value(
      "keep_bytes", \.limits.wholeBytes, bytesForm,
      "The oldest profiles make room."),
    .value(
      "keep_files", \.limits.files, filesForm, "The oldest profiles make room."),
    .value("keep_time", \.limits.age, timeForm, "Older profiles are removed."),
  ]
}

extension ProfileDirectory.Limits {
  var wholeBytes: Int {
    get { Int(clamping: bytes) }
    set { bytes = UInt64(max(0, newValue)) }
  }
}
