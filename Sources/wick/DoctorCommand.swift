import Agent
import ArgumentParser
import LinuxHost
import Sampling

/// `wick doctor`: what works on this host, what does not, why, and what helps.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Try everything that wick uses on this host, and say what does not work and why.",
    discussion: """
      Programs are really loaded into the kernel and run for a moment. Run it as the user whose \
      rights wick will have. Exits with 0 if all that is asked for works, else with 1.
      """)

  @Flag(help: "Print the table as JSON.")
  var json = false

  func run() throws {
    let roots = HostRoots()
    let features = FeatureTable.probe(roots: roots, trials: SamplingTrials.all(roots: roots))
    let report = DoctorReport(
      features: features, wanted: Set(Feature.allCases), machine: Machine(roots: roots),
      version: Version.current)
    Terminal.write(json ? report.json : report.text(hasColours: Terminal.hasColours))
    guard report.isHealthy else { throw ExitCode(1) }
  }
}
