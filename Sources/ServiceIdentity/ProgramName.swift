/// What a person would call a running program: the script where an interpreter runs one, else the
/// executable's base name.
package enum ProgramName {
  private static let interpreters = [
    "python", "pypy", "node", "nodejs", "ruby", "perl", "php", "bash", "sh", "dash", "java",
    "deno", "bun", "lua", "tclsh", "Rscript", "beam.smp",
  ]
  /// Options that are followed by a word of their own, which is no script.
  private static let withWord: Set<String> = [
    "-W", "-X", "-r", "--require", "-cp", "-classpath", "--class-path", "-p", "--module-path",
    "-I", "-e", "-c", "-E", "--eval", "--import", "--loader", "--add-opens", "--add-modules", "-o",
    "-O", "--rcfile", "--init-file",
  ]

  /// - Parameters:
  ///   - executable: path or name of the executable file.
  ///   - arguments: the words of the command line, the program's own name first.
  /// - Returns: the base name of one of them.
  package static func name(executable: String, arguments: [String]) -> String {
    let program = baseName(executable)
    guard isInterpreter(program) else { return program }
    return script(of: arguments.dropFirst(), isJava: program == "java") ?? program
  }

  /// Also with a version behind the name: `python3.11`, `ruby3.1`, `lua5.4`.
  private static func isInterpreter(_ program: String) -> Bool {
    let letters = program.reversed().drop { $0.isNumber || $0 == "." || $0 == "-" }
    return interpreters.contains(program) || interpreters.contains(String(letters.reversed()))
  }

  /// The first word that is no option: the script, the class, or what `-m` or `-jar` names.
  private static func script(of words: ArraySlice<String>, isJava: Bool) -> String? {
    var rest = words.prefix(64)
    while let word = rest.popFirst() {
      if word == "-m" || word == "--module" || word == "-jar" { return rest.first.map(baseName) }
      // What follows is the program itself.
      if word == "-c" || word == "-e" || word == "--eval" { return nil }
      if withWord.contains(word) {
        rest = rest.dropFirst()
      } else if !word.hasPrefix("-") {
        return isJava ? word.split(separator: "/").last.map(String.init) : baseName(word)
      }
    }
    return nil
  }

  /// What the kernel puts behind the path of a file that is no longer there.
  static let deletedMark = " (deleted)"

  static func baseName(_ path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    return name.hasSuffix(deletedMark) ? String(name.dropLast(deletedMark.count)) : name
  }
}
