import Logging

/// What a logger of one component hands its events to.
struct AgentLogHandler: LogHandler {
  let component: String
  let log: AgentLog
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?
  /// Set for one logger alone; otherwise the level is that of the log.
  private var ownLevel: Logger.Level?

  init(component: String, log: AgentLog) {
    self.component = component
    self.log = log
  }

  var logLevel: Logger.Level {
    get { ownLevel ?? log.settings.level }
    set { ownLevel = newValue }
  }

  subscript(metadataKey key: String) -> Logger.MetadataValue? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var all = metadata
    if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
    if let own = event.metadata { all.merge(own) { _, new in new } }
    log.add(event, component: component, metadata: all)
  }
}
