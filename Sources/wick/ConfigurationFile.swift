import ArgumentParser
import Configuration
import LinuxHost

/// The daemon's configuration, as commands read it.
struct ConfigurationFile {
  /// What the operator named; nil stands for the file of the package, which may be missing.
  let path: String?

  /// The operator has to put something right: the service manager need not try again.
  ///
  /// - Source: sysexits.h, `EX_CONFIG`.
  static let isWrong = ExitCode(78)

  var name: String { path ?? AgentConfiguration.defaultFile }

  func read(_ overrides: [ConfigurationOverride]) throws(ConfigurationErrors) -> AgentConfiguration
  {
    try AgentConfiguration.load(
      file: name, isOptional: path == nil, environment: EnvironmentVariable.all,
      overrides: overrides)
  }

  /// Says what is wrong, and throws the status to exit with.
  func load(_ overrides: [ConfigurationOverride] = []) throws -> AgentConfiguration {
    do throws(ConfigurationErrors) {
      return try read(overrides)
    } catch {
      for line in error.lines { Terminal.writeError("wick: \(line)\n") }
      throw Self.isWrong
    }
  }
}
