package import LinuxHost
import ResourceModel

/// Decides who a process is, the same for profiles and metrics.
///
/// The first that gives a `service.name` counts: the process itself, by OpenTelemetry's variables; the
/// systemd unit, unless it is in a container; the name of what it runs. What else they know is added.
package final class IdentityResolver {
  private struct Entry {
    let startTime: UInt64
    let executable: String
    /// What it was called then.
    let name: String
    let identity: ProcessIdentity
  }

  private let processes: Processes
  private let keepsCommandLines: Bool
  private var known: [UInt32: Entry] = [:]

  /// Processes that are remembered; when there are more, all are asked again.
  private static let limit = 16_384
  /// Bytes that are read of an environment and of a command line.
  private static let environmentBytes = 128 << 10
  private static let commandLineBytes = 16 << 10

  /// - Parameters:
  ///   - roots: where `/proc` is.
  ///   - keepsCommandLines: whether `process.command_args` is told, without its secrets.
  package init(roots: HostRoots, keepsCommandLines: Bool = true) {
    processes = Processes(roots: roots)
    self.keepsCommandLines = keepsCommandLines
  }

  /// Who a process is; one that has ended is what it was when it was last asked for.
  ///
  /// - Parameters:
  ///   - pid: the process.
  ///   - name: what it is called if nothing more can be learned, its `comm`.
  /// - Returns: at least a name and the process' number.
  package func identity(of pid: UInt32, name: String) -> ProcessIdentity {
    guard let startTime = processes.startTime(of: pid) else {
      // The number may have been another process' meanwhile.
      if let entry = known[pid], entry.name == name { return entry.identity }
      return unknown(pid, name: name)
    }
    let executable = processes.executablePath(of: pid) ?? ""
    if let entry = known[pid], entry.startTime == startTime, entry.executable == executable {
      return entry.identity
    }
    let identity = resolve(pid, executable: executable, name: name)
    // A program that is being started has no words and no environment yet.
    let isBeginning = !executable.isEmpty && read(pid, "cmdline", limit: 1).isEmpty
    guard !isBeginning else { return identity }
    if known.count >= Self.limit { known = [:] }
    known[pid] = Entry(
      startTime: startTime, executable: executable, name: name, identity: identity)
    return identity
  }

  private func unknown(_ pid: UInt32, name: String) -> ProcessIdentity {
    let text = SafeText(name.utf8).nonEmpty ?? "unknown_service"
    return ProcessIdentity(
      service: Resource([Attribute(key: "service.name", value: .string(text))]),
      process: Resource([
        Attribute(key: "process.pid", value: .integer(Int64(pid))),
        Attribute(key: "process.executable.name", value: .string(text)),
      ]))
  }

  private func resolve(_ pid: UInt32, executable: String, name: String) -> ProcessIdentity {
    var identity = unknown(pid, name: name)
    let path = SafeText(executable.utf8).text
    let bytes = read(pid, "cmdline", limit: Self.commandLineBytes)
    let words = bytes.split(separator: 0).prefix(64).map { String(decoding: $0, as: UTF8.self) }
    if !path.isEmpty {
      let program = SafeText(ProgramName.name(executable: path, arguments: words).utf8)
      if let program = program.nonEmpty { identity.service["service.name"] = .string(program) }
      identity.process["process.executable.path"] = .string(path)
    }
    if keepsCommandLines, !bytes.isEmpty {
      identity.process["process.command_args"] = .strings(
        ScrubbedCommandLine(parsing: bytes).words)
    }
    if let user = processes.user(of: pid) {
      identity.process["process.user.id"] = .integer(Int64(user))
    }
    addControlGroup(of: pid, to: &identity)
    let environment = read(pid, "environ", limit: Self.environmentBytes)
    let own = OpenTelemetryEnvironment(parsing: environment).resource
    identity.service = identity.service.merging(own)
    return identity
  }

  private func addControlGroup(of pid: UInt32, to identity: inout ProcessIdentity) {
    let text = String(decoding: read(pid, "cgroup", limit: 64 << 10), as: UTF8.self)
    let group = ControlGroupPath(parsing: text)
    if let id = group.containerID { identity.service["container.id"] = .string(id) }
    if let uid = group.podUID { identity.service["k8s.pod.uid"] = .string(uid) }
    // Everything in a container may be below the unit of the container's runtime.
    if group.containerID == nil, let unit = group.unit {
      let name = SafeText(unit.dropLast(".service".count).utf8)
      if let name = name.nonEmpty { identity.service["service.name"] = .string(name) }
    }
  }

  private func read(_ pid: UInt32, _ file: String, limit: Int) -> [UInt8] {
    SystemFile.read("\(processes.roots.proc)/\(pid)/\(file)", limit: limit) ?? []
  }
}
