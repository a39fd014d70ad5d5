import Foundation

/// How wide a table on standard output may be.
enum TableWidth {
  /// The terminal's columns as the shell tells them, 100 if it does not, and any number of columns
  /// where the output is no terminal.
  static var current: Int {
    guard isatty(STDOUT_FILENO) == 1 else { return .max }
    return ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) } ?? 100
  }
}
