import Foundation
import ProfileModel
import Testing

extension RecordTests {
  /// The man page and `--help` describe the same options.
  @Suite struct ManualTests {
    /// The options in the section `.Ss wick COMMAND` of the page's source.
    private func documented(_ command: String) throws -> Set<String> {
      let page = Wick.package.appending(path: "packaging/wick.1")
      let source = try String(contentsOf: page, encoding: .utf8)
      let sections = source.components(separatedBy: "\n.Ss ")
      let section = try #require(sections.first { $0.hasPrefix("wick \(command)\n") })
      let body = section.components(separatedBy: "\n.Sh ")[0]
      let items = body.split(separator: "\n").filter { $0.hasPrefix(".It ") }
      return Set(items.flatMap { $0.matches(of: #/Fl Fl ([a-z-]+)/#).map { String($0.1) } })
    }

    private func offered(_ command: String) throws -> Set<String> {
      let help = try Wick.run([command, "--help"])
      try #require(help.status == 0)
      // Descriptions speak of options too; an option's own line begins with it.
      let lines = help.output.split(separator: "\n").filter { $0.hasPrefix("  -") }
      let names = lines.flatMap { line in
        let columns = line.dropFirst(2).components(separatedBy: "  ")
        return columns[0].matches(of: #/--([a-z][a-z-]*)/#).map { String($0.1) }
      }
      return Set(names).subtracting(["help", "version"])
    }

    @Test(arguments: ["record", "top", "report", "diff", "convert", "agent", "status", "doctor"])
    func theManPageAndTheHelpAgree(_ command: String) throws {
      let offered = try offered(command)
      #expect(try documented(command) == offered)
      if command == "record" { #expect(offered.count > 8) }
    }

    @Test func theManPageExplainsEachReasonOfTheLedger() throws {
      let page = Wick.package.appending(path: "packaging/wick.1")
      let lines = try String(contentsOf: page, encoding: .utf8).split(separator: "\n")
      let items = lines.filter { $0.hasPrefix(".It Li ") }.map { String($0.dropFirst(7)) }
      let reasons =
        IncompleteReason.allCases.map(\.rawValue) + DropReason.allCases.map(\.rawValue)
      #expect(Set(items).subtracting(["-- Ar COMMAND ..."]) == Set(reasons))
    }

    @Test func theManPageIsWellFormed() throws {
      let page = Wick.package.appending(path: "packaging/wick.1").path
      let lint = try RunningProgram("/usr/bin/mandoc", ["-T", "lint", "-W", "warning", page])
        .finish(limit: .seconds(10))
      #expect(lint.status == 0, "\(lint.output)")
    }
  }
}
