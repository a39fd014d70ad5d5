import Configuration
import Export

/// A directory that profiles are kept in, opened again and again while it cannot be used.
final class ProfileFolder {
  let configuration: ProfileDirectoryConfiguration
  var path: String { configuration.path }
  /// Why the last profile was not kept; nil if it was.
  private(set) var problem: String?

  private var directory: ProfileDirectory?

  init(_ configuration: ProfileDirectoryConfiguration) {
    self.configuration = configuration
    open()
  }

  private func open() {
    do throws(ProfileDirectory.Failure) {
      directory = try ProfileDirectory(path, limits: configuration.limits)
    } catch {
      problem = error.description
    }
  }

  /// False if it could not be kept.
  func write(_ file: [UInt8], _ name: ProfileFileName) -> Bool {
    if directory == nil { open() }
    guard let directory else { return false }
    do throws(ProfileDirectory.Failure) {
      try directory.write(file, service: name.service, event: name.event, time: name.time)
      problem = nil
      return true
    } catch {
      problem = error.description
      // It may have been removed, or mounted over.
      self.directory = nil
      return false
    }
  }
}
