/// Where a value was given: where an operator has to look.
package enum Origin: Hashable, Sendable {
  /// Line from 1; nil where the file as a whole is meant.
  case file(String, line: Int?)
  case environment(String)
  /// An option of the command line, as it is spelled.
  case flag(String)
}

extension Origin: CustomStringConvertible {
  package var description: String {
    switch self {
    case .file(let path, let line?): "\(path):\(line)"
    case .file(let path, nil): path
    case .environment(let variable): variable
    case .flag(let name): name
    }
  }

  /// What to do where nothing better can be said, as the end of a sentence.
  var removal: String {
    switch self {
    case .file: "remove the line"
    case .environment: "unset it"
    case .flag: "leave it out"
    }
  }
}
