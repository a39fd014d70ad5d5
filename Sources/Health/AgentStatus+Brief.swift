extension AgentStatus {
  /// What anybody may know: the state alone, as JSON.
  package var briefJSON: String {
    JSONText.object { json in
      json.set("state", overall.rawValue)
      json.set("ready", isReady)
    }
  }
}
