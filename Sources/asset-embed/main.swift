// Writes a text file as a Swift string constant: asset-embed INPUT NAME OUTPUT.
import Foundation

let arguments = CommandLine.arguments
let text = try String(contentsOf: URL(fileURLWithPath: arguments[1]), encoding: .utf8)
let hashes = "######"
let source = """
  enum \(arguments[2]) {
    static let text: StaticString = \(hashes)\"\"\"
  \(text)
  \"\"\"\(hashes)
  }

  """
try source.write(toFile: arguments[3], atomically: true, encoding: .utf8)
