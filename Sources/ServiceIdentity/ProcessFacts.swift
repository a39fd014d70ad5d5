import ELF
import LinuxHost
import ProfileModel
import ResourceModel

/// Finds out who a process is, from all that can be seen of it.
struct ProcessFacts {
  let processes: Processes
  private let keepsCommandLines: Bool
  private let files: ForeignFiles
  private let instances: InstanceID
  private var packages: PackageVersions
  /// By the file, so that an executable is read once; empty where it has none.
  private var buildIDs: [FileIdentity: String] = [:]

  private static let buildIDLimit = 4_096
  /// Bytes that are read of an environment, a command line, a control group and a list of mounts.
  private static let environmentBytes = 128 << 10
  private static let commandLineBytes = 16 << 10
  private static let controlGroupBytes = 64 << 10
  private static let mountBytes = 1 << 20
  private static let namespaceBytes = 256

  init(roots: HostRoots, keepsCommandLines: Bool) {
    processes = Processes(roots: roots)
    self.keepsCommandLines = keepsCommandLines
    files = ForeignFiles(roots: roots)
    instances = InstanceID(roots: roots)
    packages = PackageVersions(roots: roots)
  }

  /// What is known of a process that cannot be looked at.
  static func unknown(_ pid: UInt32, name: String) -> ProcessIdentity {
    let text = SafeText(name.utf8).nonEmpty ?? ProcessIdentity.unknownService
    return ProcessIdentity(
      service: Resource([Attribute(key: "service.name", value: .string(text))]),
      process: Resource([
        Attribute(key: "process.pid", value: .integer(Int64(pid))),
        Attribute(key: "process.executable.name", value: .string(text)),
      ]))
  }

  mutating func identity(
    of pid: UInt32, instance: ProgramInstance, executable: String, name: String,
    context: ProcessContext?
  ) -> ProcessIdentity {
    var identity = Self.unknown(pid, name: name)
    identity["process.parent_pid"] = .integer(Int64(instance.parent))
    identity["service.instance.id"] = .string(instances.text(pid: pid, instance: instance))
    if let user = processes.user(of: pid) { identity["process.user.id"] = .integer(Int64(user)) }
    guard !instance.isKernelThread else {
      // They have hundreds of names, with numbers in them.
      identity["service.name"] = "kernel"
      return identity
    }
    let script = addProgram(of: pid, executable: executable, to: &identity)
    addControlGroup(of: pid, to: &identity)
    let environment = read(pid, "environ", limit: Self.environmentBytes)
    ProcessClaims.add(OpenTelemetryEnvironment(parsing: environment).resource, to: &identity)
    // What the program says itself is made of its environment and of what it knows better.
    if let context { ProcessClaims.add(context.resource, to: &identity) }
    addVersion(of: pid, executable: executable, script: script, to: &identity)
    return identity
  }

  /// Adds the executable and the command line.
  ///
  /// - Returns: the script that an interpreter runs, if it is given by its full path.
  private func addProgram(
    of pid: UInt32, executable: String, to identity: inout ProcessIdentity
  ) -> String? {
    let bytes = read(pid, "cmdline", limit: Self.commandLineBytes)
    if keepsCommandLines, !bytes.isEmpty {
      let words = ScrubbedCommandLine(parsing: bytes).words
      identity["process.command_args"] = .strings(words)
    }
    let path = SafeText(executable.utf8).text
    guard !path.isEmpty else { return nil }
    identity["process.executable.path"] = .string(path)
    let words = bytes.split(separator: 0).prefix(64).map { String(decoding: $0, as: UTF8.self) }
    let program = ProgramName.name(executable: path, arguments: words)
    if let name = SafeText(program.utf8).nonEmpty {
      // A secret that was mistaken for a script's name is no name.
      let isSecret = SecretScrubber(name).isChanged
      identity["service.name"] = .string(isSecret ? ProgramName.baseName(path) : name)
    }
    if let own = SafeText(ProgramName.baseName(path).utf8).nonEmpty {
      identity["process.executable.name"] = .string(own)
    }
    return words.dropFirst().first { $0.hasPrefix("/") && ProgramName.baseName($0) == program }
  }

  private func addControlGroup(of pid: UInt32, to identity: inout ProcessIdentity) {
    let text = String(
      decoding: read(pid, "cgroup", limit: Self.controlGroupBytes), as: UTF8.self)
    let group = ControlGroupPath(parsing: text)
    guard let container = group.containerID else {
      // Everything in a container may be below the unit of the container's runtime.
      if let unit = group.unit {
        let name = SafeText(unit.dropLast(".service".count).utf8)
        if let name = name.nonEmpty { identity["service.name"] = .string(name) }
      }
      return
    }
    identity["container.id"] = .string(container)
    let mounts = KubernetesMounts(
      parsing: String(decoding: read(pid, "mountinfo", limit: Self.mountBytes), as: UTF8.self))
    guard let pod = group.podUID ?? mounts.podUID else { return }
    identity["k8s.pod.uid"] = .string(pod)
    if let name = mounts.containerName {
      identity["k8s.container.name"] = .string(name)
      identity["service.name"] = .string(name)
    }
    if let known = KubernetesPod(uid: pod, roots: processes.roots) {
      identity["k8s.pod.name"] = .string(known.name)
      identity["k8s.namespace.name"] = .string(known.namespace)
    } else if let namespace = namespace(of: pid) {
      identity["k8s.namespace.name"] = .string(namespace)
    }
  }

  /// - Source: Kubernetes, "Accessing the Kubernetes API from a Pod"; the account's token beside it is
  ///   not touched.
  private func namespace(of pid: UInt32) -> String? {
    let path = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
    guard let file = files.open(path: Array(path.utf8), pid: pid) else { return nil }
    let line = file.read(at: 0, count: Self.namespaceBytes).prefix { $0 != UInt8(ascii: "\n") }
    return SafeText(line).nonEmpty
  }

  /// What the process says, else what its package says, else what its file says.
  private mutating func addVersion(
    of pid: UInt32, executable: String, script: String?, to identity: inout ProcessIdentity
  ) {
    let buildID = buildID(of: pid)
    if let buildID { identity["process.executable.build_id.gnu"] = .string(buildID) }
    guard identity["service.version"] == nil else { return }
    let version = packageVersion(of: pid, executable: executable, script: script) ?? buildID
    if let version { identity["service.version"] = .string(version) }
  }

  private mutating func packageVersion(of pid: UInt32, executable: String, script: String?)
    -> String?
  {
    // The package of a file that was deleted or replaced is not the one that runs.
    guard !executable.isEmpty, !executable.hasSuffix(ProgramName.deletedMark) else { return nil }
    if let script, let version = packages.version(of: script, pid: pid) {
      return SafeText(version.utf8).nonEmpty
    }
    var path = executable
    if let root = processes.rootPath(of: pid), root != "/", path.hasPrefix(root + "/") {
      path.removeFirst(root.count)
    }
    return packages.version(of: path, pid: pid).flatMap { SafeText($0.utf8).nonEmpty }
  }

  private mutating func buildID(of pid: UInt32) -> String? {
    guard let file = files.executable(of: pid) else { return nil }
    if let known = buildIDs[file.identity] { return known.isEmpty ? nil : known }
    let found = (try? ELFImage(file))?.buildID?.hex
    if buildIDs.count >= Self.buildIDLimit { buildIDs = [:] }
    buildIDs[file.identity] = found ?? ""
    return found
  }

  func read(_ pid: UInt32, _ file: String, limit: Int) -> [UInt8] {
    SystemFile.read("\(processes.roots.proc)/\(pid)/\(file)", limit: limit) ?? []
  }
}
