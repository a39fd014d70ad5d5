extension OTLPInstrumentationScope {
  /// Who measured: this program.
  package static func wick(version: String) -> OTLPInstrumentationScope {
    var scope = OTLPInstrumentationScope()
    scope.name = "wick"
    scope.version = version
    return scope
  }
}

/// The version of OpenTelemetry's semantic conventions that our names follow.
package enum OTLPSchema {
  package static let url = "https://opentelemetry.io/schemas/1.43.0"
}
