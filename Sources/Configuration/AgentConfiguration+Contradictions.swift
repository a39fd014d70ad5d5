/// What must fit together across the whole.
extension AgentConfiguration {
  /// - Parameter file: its name, for what no line gave.
  /// - Returns: one problem for each.
  func contradictions(in file: String) -> [ConfigurationProblem] {
    var problems = destinationNames(in: file)
    if http.enabled, !http.listen.isLoopback, http.tokenFile == nil {
      problems.append(
        problem(
          "http.listen", in: file,
          "\(http.listen) can be reached from other hosts, and there is no token",
          "add http.token_file, or use 127.0.0.1:\(http.listen.port)"))
    }
    if budget.bursts.enabled, budget.bursts.frequency <= profiling.frequency {
      problems.append(
        problem(
          "budget.bursts.frequency", in: file,
          "\(budget.bursts.frequency) is not above profiling.frequency, \(profiling.frequency)",
          "raise it, or disable bursts"))
    }
    var paths: [String: String] = [:]
    for (key, path) in directoryPaths {
      guard let other = paths.updateValue(key, forKey: path) else { continue }
      problems.append(
        problem(key, in: file, "\(path) is used by \(other) too", "name a directory of its own"))
    }
    return problems
  }

  /// Every directory that is used, with its key.
  var directoryPaths: [(key: String, path: String)] {
    var paths = [(key: "spool.directory", path: spool.directory)]
    if destinationEntries.isEmpty {
      paths.append(("profile_directory.path", profileDirectory.path))
    }
    for (index, entry) in destinationEntries.enumerated() {
      if let path = entry.directory?.path { paths.append(("destinations[\(index)].path", path)) }
    }
    return paths
  }

  private func destinationNames(in file: String) -> [ConfigurationProblem] {
    var names: [String: Int] = [:]
    return destinationEntries.enumerated().compactMap { index, entry in
      guard !entry.name.isEmpty, let first = names.updateValue(index, forKey: entry.name) else {
        return nil
      }
      return problem(
        "destinations[\(index)].name", in: file,
        "\(entry.name) is the name of destinations[\(first)] too", "give each a name of its own")
    }
  }

  /// A problem at the place where a key was given, or at the file.
  func problem(_ key: String, in file: String, _ reason: String, _ remedy: String)
    -> ConfigurationProblem
  {
    ConfigurationProblem(
      origin: origin(of: key) ?? .file(file, line: nil), key: key, reason: reason, remedy: remedy)
  }

  /// Where a key was given, or what it lies in.
  package func origin(of key: String) -> Origin? {
    var path = key[...]
    while !path.isEmpty {
      if let origin = origins[String(path)] { return origin }
      path = path[..<(path.lastIndex { $0 == "." || $0 == "[" } ?? path.startIndex)]
    }
    return nil
  }
}
