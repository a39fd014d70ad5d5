import AgentEndpoint
import ArgumentParser
import LinuxHost

/// `wick status`: how the running agent is.
struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Ask the running agent how it is.",
    discussion: """
      Exits with 0 if the agent does its job, 1 if it does not, 2 if it has died, 3 if it does not \
      run, and 4 if that cannot be told, as the status of a service is told by others.
      """)

  @Option(help: ArgumentHelp("The agent's socket.", valueName: "path"))
  var socket = "/run/wick/agent.sock"

  @Flag(help: "Print the status as JSON, as GET /health answers it.")
  var json = false

  func run() throws {
    do throws(StatusClient.Failure) {
      let answer = try StatusClient.ask(socket, json ? .json : .text)
      let hasColours = !json && Terminal.hasColours
      Terminal.write(hasColours ? Self.coloured(answer.text) : answer.text)
      guard !answer.isHealthy else { return }
    } catch {
      Terminal.writeError("wick: \(error)\n")
      throw ExitCode(error.exitStatus)
    }
    throw ExitCode(1)
  }

  private static let colours = ["ok": 32, "degraded": 33, "failed": 31]

  /// The state, and the reasons for it.
  private static func coloured(_ screen: String) -> String {
    let lines = screen.split(separator: "\n", omittingEmptySubsequences: false)
    guard let state = lines.first?.split(separator: " ").last.map(String.init),
      let colour = colours[state]
    else { return screen }
    func paint(_ text: some StringProtocol) -> String { "\u{1b}[\(colour)m\(text)\u{1b}[0m" }
    return lines.enumerated().map { index, line in
      if index == 0 { return line.dropLast(state.count) + paint(state) }
      return line.hasPrefix("  ! ") ? paint(line) : String(line)
    }.joined(separator: "\n")
  }
}
