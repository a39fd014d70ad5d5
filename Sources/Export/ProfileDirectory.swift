package import LinuxHost

/// Keeps encoded profiles as files in a directory, the newest ones.
///
/// A file's name begins with the time, so that names sort as the profiles do:
/// `20261121T054600Z-cpu-SERVICE.pb.gz`. Files of other names are left alone.
package final class ProfileDirectory {
  package struct Limits: Hashable, Sendable {
    package var files = 4_096
    package var bytes: UInt64 = 256 << 20
    package var age = Duration.seconds(24 * 3_600)

    package init() {}
  }

  package enum Failure: Error, CustomStringConvertible {
    case unusable(String, DirectoryReadiness.Obstacle?)
    case full(String)

    package var description: String {
      switch self {
      case .unusable(let path, let obstacle):
        "cannot keep profiles in \(path): it \(obstacle?.reason ?? "cannot be used") "
          + "(\(obstacle?.remedy(path) ?? "give us a directory of our own with mode 700"))"
      case .full(let path):
        "cannot write a profile to \(path): no room, or a read-only file system (free some space)"
      }
    }
  }

  private let path: String
  private let directory: PrivateDirectory
  private let limits: Limits
  /// Files that had to make room, since the start.
  package private(set) var removed = 0
  /// Nil before it was looked at.
  private var holdings: Holdings?

  /// What the directory holds, by the last look at it and what was written since.
  private struct Holdings {
    var files: Int
    var bytes: UInt64
    /// Of the profile that was being written then.
    let lookedAt: UInt64
  }

  private static let suffix = ".pb.gz"
  /// Entries of the directory that are looked at.
  private static let scanLimit = 65_536
  private static let nameLength = 80
  /// How often it is looked at for what is too old, and for what others have put there or taken away: to
  /// look at thousands of files for each that is written would cost more than to profile.
  private static let lookNanoseconds: UInt64 = 60_000_000_000
  /// How far a name may be ahead of the profile at hand: other events have windows of their own.
  private static let futureNanoseconds: UInt64 = 3_600_000_000_000
  /// What is made room for at once when a limit is reached, so that it is not reached by each file.
  private static let slackShare = 16

  package init(_ path: String, limits: Limits = Limits()) throws(Failure) {
    guard let directory = PrivateDirectory(path) else {
      throw .unusable(path, DirectoryReadiness.obstacle(toPrivate: path))
    }
    self.path = path
    self.directory = directory
    self.limits = limits
  }

  /// Writes one profile, and removes what is above the limits.
  ///
  /// - Parameters:
  ///   - profile: pprof, gzipped.
  ///   - service: whose profile it is; may be any text.
  ///   - event: such as `cpu`.
  ///   - time: when it began, in nanoseconds since 1970-01-01 UTC.
  /// - Returns: the file's name.
  /// - Throws: `Failure.full`.
  @discardableResult
  package func write(_ profile: [UInt8], service: String, event: String, time: UInt64)
    throws(Failure) -> String
  {
    let base = "\(UTCTime(nanoseconds: time).stamp)-\(Self.safe(event))-\(Self.safe(service))"
    var name = base + Self.suffix
    // Two services whose names differ in what a file's name cannot have.
    for number in 2..<100 {
      if directory.write(profile, to: name, onlyIfMissing: true) {
        holdings?.files += 1
        holdings?.bytes += UInt64(profile.count)
        rotateIfDue(now: time, keeping: name)
        return name
      }
      guard directory.contains(name) else { break }
      name = "\(base)-\(number)\(Self.suffix)"
    }
    rotate(now: time)
    throw .full(path)
  }

  private func rotateIfDue(now: UInt64, keeping name: String) {
    if let holdings, holdings.files <= limits.files, holdings.bytes <= limits.bytes,
      now >= holdings.lookedAt, now - holdings.lookedAt < Self.lookNanoseconds
    {
      return
    }
    rotate(now: now, keeping: name)
  }

  /// Removes what is too old, too much or too many, the oldest first.
  ///
  /// A name from the future is from a clock that was wrong, and is older than all others: else nothing
  /// new would be kept until that time has come.
  private func rotate(now: UInt64, keeping newest: String? = nil) {
    let future = UTCTime(nanoseconds: now &+ Self.futureNanoseconds).stamp
    func isBefore(_ first: PrivateDirectory.Entry, _ second: PrivateDirectory.Entry) -> Bool {
      if (first.name == newest) != (second.name == newest) { return first.name == newest }
      let isFuture = (first.name > future, second.name > future)
      return isFuture.0 == isFuture.1 ? first.name > second.name : isFuture.1
    }
    let files = directory.entries(limit: Self.scanLimit)
      .filter { $0.name.hasSuffix(Self.suffix) }
      .sorted(by: isBefore)
    let oldest = UTCTime(nanoseconds: now - min(now, UInt64(limits.age / .nanoseconds(1)))).stamp
    let all = files.reduce(UInt64(0)) { $0 &+ $1.bytes }
    let isOver = files.count > limits.files || all > limits.bytes
    let slack = isOver ? Self.slackShare : Int.max
    let mostFiles = max(1, limits.files - limits.files / slack)
    let mostBytes = limits.bytes - limits.bytes / UInt64(slack)
    var (bytes, kept) = (UInt64(0), Holdings(files: 0, bytes: 0, lookedAt: now))
    for (index, file) in files.enumerated() {
      bytes &+= file.bytes
      // What has just come stays if it fits at all.
      let isTooMuch = index >= mostFiles || bytes > (index == 0 ? limits.bytes : mostBytes)
      guard isTooMuch || file.name < oldest else {
        kept.files += 1
        kept.bytes &+= file.bytes
        continue
      }
      directory.remove(file.name)
      removed += 1
    }
    holdings = kept
  }

  /// Letters, digits, dots and underscores; everything else, a slash for instance, becomes one.
  private static func safe(_ text: String) -> String {
    let characters = text.unicodeScalars.prefix(nameLength).map { scalar -> Character in
      let isPlain =
        scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
      return isPlain || scalar == "." || scalar == "_" ? Character(scalar) : "_"
    }
    return characters.isEmpty ? "_" : String(characters)
  }
}
