import LinuxHost

/// How wide a table on standard output may be.
enum TableWidth {
  /// The terminal's columns, and any number of columns where the output is no terminal.
  static var current: Int { Terminal.columns ?? .max }
}
