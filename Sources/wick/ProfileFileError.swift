import Foundation

/// Why a profile's file could not be read or written, in one line with a remedy.
struct ProfileFileError: Error, CustomStringConvertible {
  let description: String

  init(_ problem: String, remedy: String) { description = "\(problem) (\(remedy))" }

  /// The system's reason where Foundation kept it, such as `No such file or directory`.
  static func reason(of error: any Error) -> String {
    let outer = error as NSError
    let inner = outer.userInfo[NSUnderlyingErrorKey] as? NSError
    let isSystems = { (error: NSError) in error.domain == NSPOSIXErrorDomain }
    let text = ([inner, outer].compactMap { $0 }.first(where: isSystems) ?? outer)
      .localizedDescription
    // Foundation puts a sentence of its own before the system's words.
    guard let start = text.range(of: "completed. ") else { return text }
    return String(text[start.upperBound...])
  }
}
