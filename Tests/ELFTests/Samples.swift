import Foundation
import Testing

/// Real executables: of the system, of the toolchain, and built here.
enum Samples {
  static let libc = "/lib/x86_64-linux-gnu/libc.so.6"
  static let loader = "/lib64/ld-linux-x86-64.so.2"
  static let libstdcxx = "/usr/lib/x86_64-linux-gnu/libstdc++.so.6"
  static let swiftCore = toolchain + "/lib/swift/linux/libswiftCore.so"
  static let swiftFrontend = toolchain + "/bin/swift-frontend"

  /// The `usr` directory of the toolchain that runs the tests.
  private static let toolchain: String = {
    let path = (try? output(of: "sh", ["-c", "readlink -f $(command -v swiftc)"])) ?? ""
    let program = path.trimmingCharacters(in: .whitespacesAndNewlines) as NSString
    return (program.deletingLastPathComponent as NSString).deletingLastPathComponent
  }()

  static let all = [libc, loader, libstdcxx, swiftCore, swiftFrontend]
}

/// A C program with aliases, a clone, nested and unsized symbols, in a directory of its own.
struct BuiltProgram {
  let directory: TemporaryDirectory
  let path: String
  /// As built.
  let bytes: [UInt8]

  static let source = """
    int counter;
    __attribute__((noinline)) int __hidden_work(int n) { return n * counter; }
    int work(int n) __attribute__((alias("__hidden_work")));
    __attribute__((weak)) int maybe(int n) { return n + 1; }
    __asm__(".text\\n.globl outer\\n.type outer,@function\\nouter: nop\\nnop\\n"
            ".type inner,@function\\ninner: nop\\nnop\\n.size inner,2\\n"
            "label: nop\\nret\\n.size outer,.-outer\\n"
            ".globl bare\\nbare: nop\\nret\\n.skip 64\\n"
            ".globl after\\n.type after,@function\\nafter: ret\\n.size after,1\\n");
    int main(void) { return work(1) + maybe(2); }
    """

  init(_ flags: [String] = []) throws {
    directory = try TemporaryDirectory()
    let source = try directory.write(Array(Self.source.utf8), to: "program.c")
    path = directory.path + "/program"
    _ = try output(of: "gcc", ["-O1", "-Wl,--build-id=sha1", "-o", path, source] + flags)
    bytes = try ELFTests.bytes(of: path)
  }
}
