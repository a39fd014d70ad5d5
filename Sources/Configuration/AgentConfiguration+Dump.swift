extension AgentConfiguration {
  /// The configuration as it holds, as a YAML file that means the same.
  ///
  /// It has no secrets: those are in files, of which only the paths are shown; the values of headers
  /// are `***`, and a URL cannot have a user.
  package var dump: String { Self.keys.show(self).lines().joined(separator: "\n") + "\n" }

  /// Every value with its path; items of lists by their name, if they have one.
  var leaves: [(path: String, value: Shown)] {
    var leaves: [(path: String, value: Shown)] = []
    Self.collect(Self.keys.show(self), "", &leaves)
    return leaves
  }

  private static func collect(
    _ shown: Shown, _ path: String, _ leaves: inout [(path: String, value: Shown)]
  ) {
    switch shown {
    case .mapping(let entries):
      for entry in entries {
        collect(entry.value, path.isEmpty ? entry.key : "\(path).\(entry.key)", &leaves)
      }
    case .list(let items):
      for (index, item) in items.enumerated() {
        collect(item, item.name.map { "\(path)[\($0)]" } ?? "\(path)[\(index)]", &leaves)
      }
    case .nothing: break
    case .text, .secret: leaves.append((path, shown))
    }
  }
}

extension Shown {
  /// Of an item of a list.
  fileprivate var name: String? {
    guard case .mapping(let entries) = self,
      case .text(let name) = entries.first(where: { $0.key == "name" })?.value
    else { return nil }
    return name
  }
}
