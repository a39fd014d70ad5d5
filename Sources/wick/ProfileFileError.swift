/// Why a profile's file could not be read or written, in one line with a remedy.
struct ProfileFileError: Error, CustomStringConvertible {
  let description: String

  init(_ problem: String, remedy: String) { description = "\(problem) (\(remedy))" }
}
