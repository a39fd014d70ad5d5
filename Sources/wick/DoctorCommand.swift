import Agent
import ArgumentParser
import Configuration
import Latency
import LinuxHost
import Sampling

/// `wick doctor`: what works on this host, what does not, why, and what helps.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Try everything that wick uses on this host, and say what does not work and why.",
    discussion: """
      Programs are really loaded into the kernel and run for a moment. Run it as the user whose \
      rights wick will have. Exits with 0 if all that the configuration asks for works, else with \
      1, and with 78 if the configuration is wrong.
      """)

  @Option(
    help: ArgumentHelp(
      "See to what this file asks for. (default: \(AgentConfiguration.defaultFile))",
      valueName: "file"))
  var config: String?

  @Flag(help: "Print the table as JSON.")
  var json = false

  func run() throws {
    let configuration = try ConfigurationFile(path: config).load()
    let roots = configuration.roots
    let trials = SamplingTrials.all(roots: roots).merging(LatencyTrials.all(roots: roots)) { $1 }
    let features = FeatureTable.probe(
      roots: roots, storage: configuration.storage, trials: trials)
    let report = DoctorReport(
      features: features, wanted: configuration.wantedFeatures, machine: Machine(roots: roots),
      version: Version.current)
    Terminal.write(json ? report.json : report.text(hasColours: Terminal.hasColours))
    guard report.isHealthy else { throw ExitCode(1) }
  }
}
