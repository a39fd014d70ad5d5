package import ProfileModel

/// One call in the stack of an exemplar.
package struct LatencyFrame: Hashable, Sendable {
  /// Short name, without parameters and template arguments.
  package var name: String
  /// The whole demangled name; empty where it is the same.
  package var fullName: String
  /// Base name of the file, kernel module or runtime; may be empty.
  package var module: String
  package var kind: FrameKind

  package init(name: String, fullName: String = "", module: String = "", kind: FrameKind) {
    self.name = name
    self.fullName = fullName
    self.module = module
    self.kind = kind
  }
}
