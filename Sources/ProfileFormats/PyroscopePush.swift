import PyroscopeMessages
import SwiftProtobuf

/// Requests of Pyroscope's `push.v1.PusherService/Push`.
package enum PyroscopePush {
  package struct Series: Hashable, Sendable {
    package let labels: PyroscopeLabels
    /// pprof in gzip form.
    package let profile: [UInt8]
    /// A UUID.
    package let id: String

    package init(labels: PyroscopeLabels, profile: [UInt8], id: String) {
      self.labels = labels
      self.profile = profile
      self.id = id
    }
  }

  /// An encoded `PushRequest`.
  package struct Request: Hashable, Sendable {
    package let bytes: [UInt8]
    /// Profiles in it.
    package let profiles: Int
  }

  /// The bytes of a request, but for a profile that alone has more.
  package static let limit = 4 << 20

  /// As many requests as it takes.
  package static func encode(_ series: [Series], limit: Int = limit) -> [Request] {
    var requests: [Request] = []
    var message = PyroscopePushRequest()
    var size = 0
    func flush() {
      if !message.series.isEmpty, let bytes: [UInt8] = try? message.serializedBytes() {
        requests.append(Request(bytes: bytes, profiles: message.series.count))
      }
      message = PyroscopePushRequest()
      size = 0
    }
    for one in series {
      let labels = one.labels.all
      let bound = labels.reduce(one.profile.count + one.id.utf8.count + 64) {
        $0 + $1.name.utf8.count + $1.value.utf8.count + 16
      }
      if size + bound > limit { flush() }
      size += bound
      message.series.append(Self.message(one, labels))
    }
    flush()
    return requests
  }

  private static func message(
    _ series: Series, _ labels: [PyroscopeLabels.Label]
  ) -> PyroscopeRawProfileSeries {
    var message = PyroscopeRawProfileSeries()
    message.labels = labels.map { label in
      var pair = PyroscopeLabelPair()
      pair.name = label.name
      pair.value = label.value
      return pair
    }
    // Field 1, bytes: the generated property has a type of Foundation's, which we do without.
    var field: [UInt8] = [1 << 3 | 2]
    var length = series.profile.count
    while length >= 0x80 {
      field.append(UInt8(truncatingIfNeeded: length) | 0x80)
      length >>= 7
    }
    field.append(UInt8(truncatingIfNeeded: length))
    var sample = (try? PyroscopeRawSample(serializedBytes: field + series.profile)) ?? .init()
    sample.id = series.id
    message.samples = [sample]
    return message
  }
}
