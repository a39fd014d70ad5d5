package import ProfileModel

/// Requests for Pyroscope's `POST /ingest`: all but the profile is in the query.
///
/// - Source: Pyroscope, "Server HTTP API", `/ingest`.
package enum PyroscopeIngest {
  /// Bytes of a query; labels that would go beyond it are left out.
  private static let limit = 8_192

  /// The query of a profile whose body is pprof, in gzip form or not.
  package static func query(_ labels: PyroscopeLabels, _ profile: Profile) -> String {
    let start = profile.facts.startUnixNanoseconds
    let end = start &+ profile.facts.durationNanoseconds
    let rest =
      "&from=\(start / 1_000_000_000)&until=\((end &+ 999_999_999) / 1_000_000_000)"
      + "&format=pprof&sampleRate=\(max(1, profile.facts.frequency))&spyName=wick"
    var name = escaped(labels.service)
    var separator = "%7B"
    for label in labels.others {
      let pair = separator + label.name + "%3D" + escaped(label.value)
      guard name.utf8.count + pair.utf8.count + rest.utf8.count < limit else { continue }
      name += pair
      separator = "%2C"
    }
    if separator == "%2C" { name += "%7D" }
    return "name=\(name)\(rest)"
  }

  /// Percent-encoded; what ends a name or a label there becomes an underscore.
  private static func escaped(_ text: String) -> String {
    var escaped: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: escaped.append(byte)
      case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): escaped.append(byte)
      case UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: ","), UInt8(ascii: "="):
        escaped.append(UInt8(ascii: "_"))
      default:
        escaped.append(UInt8(ascii: "%"))
        for digit in [byte >> 4, byte & 15] {
          escaped.append(digit < 10 ? 0x30 + digit : 0x41 + digit - 10)
        }
      }
    }
    return String(decoding: escaped, as: UTF8.self)
  }
}
