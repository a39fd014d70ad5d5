package import ProfileModel

/// What a piece of code is called, in every form that an output needs.
package struct FunctionName: Hashable, Sendable {
  /// No parameters, no template arguments; what a graph shows.
  package let short: String
  /// The whole readable name.
  package let full: String
  /// As the symbol table, the kernel or the runtime spells it.
  package let system: String
  /// Base name of the file, kernel module or runtime; may be empty.
  package let module: String
  package let kind: FrameKind

  package var byteCount: Int {
    short.utf8.count + full.utf8.count + system.utf8.count + module.utf8.count
  }

  package init(short: String, full: String, system: String, module: String, kind: FrameKind) {
    self.short = short
    self.full = full
    self.system = system
    self.module = module
    self.kind = kind
  }
}
