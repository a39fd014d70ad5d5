import Glibc

/// What the kernel says it is.
///
/// - Source: uname(2).
package struct KernelName: Hashable, Sendable {
  package let system: String
  package let node: String
  package let release: String
  package let version: String
  package let machine: String
  package let domain: String

  package static func now() -> KernelName {
    var names = utsname()
    _ = unsafe uname(&names)
    func text<Field>(_ field: Field) -> String {
      unsafe withUnsafeBytes(of: field) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
    }
    return KernelName(
      system: text(names.sysname), node: text(names.nodename), release: text(names.release),
      version: text(names.version), machine: text(names.machine), domain: text(names.__domainname))
  }
}
