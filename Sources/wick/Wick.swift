import Agent
import ArgumentParser
import LinuxHost

@main
struct Wick: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wick",
    abstract: "See which code your machine runs: whole stacks, of everything, without preparation.",
    version: Version.current,
    subcommands: [
      RecordCommand.self, TopCommand.self, LatencyCommand.self, ReportCommand.self,
      DiffCommand.self, ConvertCommand.self, AgentCommand.self, StatusCommand.self,
      DoctorCommand.self,
    ])
}

extension Wick {
  /// Ends with one line that says what failed; usage errors also show the usage.
  static func main() {
    do {
      var command = try parseAsRoot()
      do {
        try command.run()
      } catch let error where !(error is ExitCode) && exitCode(for: error) == .failure {
        // Not one of the parser's own, such as the request for help.
        Terminal.writeError("wick: \(error)\n")
        throw ExitCode.failure
      }
    } catch {
      exit(withError: error)
    }
  }
}
