// Fuzzes the reader of the configuration. Sources: Sources/YAML Sources/Configuration Sources/Export/ProfileDirectory.swift Sources/Export/Destination/DestinationSettings.swift Sources/LinuxHost.
//
// An input is a file; what follows a zero byte is the value of an environment variable.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: data, count: size))
  let file = Array(input.prefix { $0 != 0 })
  let value = String(decoding: input.dropFirst(file.count + 1), as: UTF8.self)
  let variables = ["WICK_PROFILING_WINDOW", "WICK_BUDGET_MEMORY", "WICK_HTTP_LISTEN"]
  let environment = Dictionary(uniqueKeysWithValues: variables.map { ($0, value) })
  do throws(ConfigurationErrors) {
    let configuration = try AgentConfiguration.parse(
      file, name: "f", environment: file.count == size ? [:] : environment)
    check(configuration)
  } catch {
    precondition(!error.problems.isEmpty && error.problems.count <= 100)
    for line in error.lines { precondition(!line.utf8.contains(UInt8(ascii: "\n"))) }
  }
  return 0
}

/// What holds for every configuration, whatever it was made of.
private func check(_ configuration: AgentConfiguration) {
  precondition((1...1_000).contains(configuration.profiling.frequency))
  precondition(configuration.profiling.window >= .seconds(1))
  precondition(configuration.destinations.count <= 16)
  precondition(configuration.http.listen.isLoopback || configuration.http.tokenFile != nil)
  // Without secrets the dump is a file that means the same.
  let dump = configuration.dump
  guard !dump.contains("'***'") else { return }
  do throws(ConfigurationErrors) {
    let again = try AgentConfiguration.parse(Array(dump.utf8), name: "dump")
    precondition(ConfigurationReload(from: configuration, to: again).changes.isEmpty)
  } catch {
    fatalError("\(error)\n\(dump)")
  }
}
