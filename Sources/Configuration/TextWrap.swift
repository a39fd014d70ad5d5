/// Breaks sentences into lines.
enum TextWrap {
  static func lines(_ text: String, width: Int) -> [String] {
    var lines: [String] = []
    for word in text.split(separator: " ") {
      guard let last = lines.last, last.count + 1 + word.count <= width else {
        lines.append(String(word))
        continue
      }
      lines[lines.count - 1] = "\(last) \(word)"
    }
    return lines
  }
}
