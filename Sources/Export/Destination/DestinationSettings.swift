/// Where profiles and metrics are sent, and how.
package struct DestinationSettings: Hashable, Sendable {
  package enum Kind: String, Hashable, Sendable, CaseIterable {
    /// OTLP over HTTP in protobuf form; `url` is the base, `/v1/metrics` and the path of profiles
    /// are appended.
    case otlp
    /// Pyroscope's `push.v1.PusherService/Push`; `url` is the base.
    case pyroscope
    /// Pyroscope's older `POST /ingest`; `url` is the base.
    case pyroscopeIngest = "pyroscope-ingest"
  }

  package enum Authentication: Hashable, Sendable {
    case none
    /// A token is the content of a file, read again when it changes.
    case bearer(tokenFile: String)
    case basic(user: String, passwordFile: String)
  }

  /// - Source: the conventions of Prometheus' `tls_config`.
  package struct TLS: Hashable, Sendable {
    /// PEM file of the authorities that are trusted instead of the system's.
    package var authorityFile: String?
    /// PEM files with which wick shows who it is: both or none.
    package var certificateFile: String?
    package var keyFile: String?
    /// Name that the certificate must hold, if not the host of the URL.
    package var serverName: String?
    /// Take any certificate: for tests only.
    package var acceptsAnyCertificate = false

    package init() {}
  }

  /// Names the destination in metrics, health and the spool: `[a-z0-9_-]{1,64}`, unique.
  package var name: String
  package var kind: Kind
  /// `http://` or `https://`, without user, query and fragment.
  package var url: String
  package var sendsProfiles = true
  /// Pyroscope takes profiles alone.
  package var sendsMetrics = true
  package var authentication = Authentication.none
  package var tls = TLS()
  /// Sent with each request, in this order.
  package var headers: [Header] = []
  /// Bodies are sent in gzip form.
  package var compresses = true
  /// For a whole request.
  package var timeout = Duration.seconds(10)
  /// `http://host:port` of a proxy; nil for none.
  package var proxy: String?
  /// Bytes a second that are sent at most while a queue is worked off.
  package var bytesPerSecond = 4 << 20

  package struct Header: Hashable, Sendable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  package init(name: String, kind: Kind, url: String) {
    self.name = name
    self.kind = kind
    self.url = url
  }
}
