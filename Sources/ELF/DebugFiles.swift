internal import LinuxHost
package import ProfileModel

/// The system's collection of symbol tables that were split off from stripped files.
///
/// - Source: `/usr/lib/debug/.build-id/xx/yyyy.debug`, where packages such as `libc6-dbg` put them.
package struct DebugFiles: Sendable {
  private let root: String

  /// - Parameter root: where the file system starts; another one in tests.
  package init(root: String = "") { self.root = root }

  /// The debug file of a build, or nil if it is not installed or is another build's.
  package func image(for buildID: BuildID) -> ELFImage? {
    guard buildID.hex.utf8.count > 2,
      let file = OpenFile(trusted: path(for: buildID)),
      let image = try? ELFImage(.file(file), isDebugFile: true), image.buildID == buildID
    else { return nil }
    return image
  }

  private func path(for buildID: BuildID) -> String {
    "\(root)/usr/lib/debug/.build-id/\(buildID.hex.prefix(2))/\(buildID.hex.dropFirst(2)).debug"
  }
}
