import LinuxHost
import MetricModel

/// Units of systemd: states, timers and sockets.
///
/// - Source: systemd, org.freedesktop.systemd1(5), over `/run/dbus/system_bus_socket`.
struct UnitCollector: Collector {
  static let name = "systemd"

  private static let states = ["active", "activating", "deactivating", "inactive", "failed"]
  /// Kinds of units whose number has no end.
  private static let ignored = [".automount", ".device", ".mount", ".scope", ".slice"]
  private static let socketSeries: [(String, MetricDescriptor.Kind, String, String)] = [
    ("accepted_connections_total", .counter, "NAccepted", "Connections that a socket has taken."),
    ("current_connections", .gauge, "NConnections", "Connections that a socket has."),
    ("refused_connections_total", .gauge, "NRefused", "Connections that a socket has refused."),
  ]

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    guard var manager = SystemManager(socket: "\(host.root)/run/dbus/system_bus_socket"),
      let units = manager.units()
    else { return false }
    addManager(&manager, &batch)
    for state in Self.states {
      batch.add(
        "node_systemd_units", .gauge, "Units by state.", Double(units.count { $0.state == state }),
        ["state": state])
    }
    let shown = units.filter { unit in
      unit.isLoaded && !Self.ignored.contains { unit.name.hasSuffix($0) }
    }
    addStates(of: shown, &manager, &batch)
    addTimers(shown.filter { $0.name.hasSuffix(".timer") }, &manager, &batch)
    addSockets(shown.filter { $0.name.hasSuffix(".socket") }, &manager, &batch)
    return true
  }

  private func addManager(_ manager: inout SystemManager, _ batch: inout MetricBatch) {
    if case .text(let version) = manager.property("Version") {
      batch.add(
        "node_systemd_version", .gauge, "The version of systemd.", Self.number(version),
        ["version": version])
    }
    if case .text(let state) = manager.property("SystemState") {
      batch.add(
        "node_systemd_system_running", .gauge, "Whether everything that should run does.",
        state == "running" ? 1 : 0)
    }
  }

  /// The first number of at least three digits, `252.39` of `252.39-1~deb12u1`.
  static func number(_ version: String) -> Double? {
    for word in version.split(whereSeparator: { !($0.isASCII && ($0.isNumber || $0 == ".")) }) {
      let parts = word.split(separator: ".", omittingEmptySubsequences: false)
      guard let first = parts.first, first.utf8.count > 2 else { continue }
      return Double(parts.prefix(2).joined(separator: "."))
    }
    return nil
  }

  private func addStates(
    of units: [SystemManager.Unit], _ manager: inout SystemManager, _ batch: inout MetricBatch
  ) {
    let services = units.filter { $0.name.hasSuffix(".service") }
    let answers = manager.properties(services.map { ($0.path, "Service", "Type") })
    var types: [String: String] = [:]
    for (service, answer) in zip(services, answers) {
      if case .text(let type) = answer { types[service.name] = type }
    }
    for unit in units {
      for state in Self.states {
        batch.add(
          "node_systemd_unit_state", .gauge, "Whether a unit is in a state.",
          unit.state == state ? 1 : 0,
          ["name": unit.name, "state": state, "type": types[unit.name] ?? ""])
      }
    }
  }

  private func addTimers(
    _ timers: [SystemManager.Unit], _ manager: inout SystemManager, _ batch: inout MetricBatch
  ) {
    let answers = manager.properties(timers.map { ($0.path, "Timer", "LastTriggerUSec") })
    for (timer, answer) in zip(timers, answers) {
      guard case .number(let microseconds) = answer else { continue }
      batch.add(
        "node_systemd_timer_last_trigger_seconds", .gauge, "When a timer last ran, since 1970.",
        Double(microseconds) / 1_000_000, ["name": timer.name])
    }
  }

  private func addSockets(
    _ sockets: [SystemManager.Unit], _ manager: inout SystemManager, _ batch: inout MetricBatch
  ) {
    for (series, kind, property, help) in Self.socketSeries {
      let answers = manager.properties(sockets.map { ($0.path, "Socket", property) })
      for (socket, answer) in zip(sockets, answers) {
        guard case .number(let count) = answer else { continue }
        batch.add(
          "node_systemd_socket_\(series)", kind, help, Double(count), ["name": socket.name])
      }
    }
  }
}
