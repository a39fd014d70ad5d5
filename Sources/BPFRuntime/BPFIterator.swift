import CLibBPF
import Glibc

/// A program that the kernel runs on each of its objects of a kind, whenever it is asked to: files of
/// threads, or the elements of a map.
@safe package final class BPFIterator {
  private let link: OpaquePointer
  private let name: String

  fileprivate init(_ link: OpaquePointer, name: String) {
    unsafe self.link = link
    self.name = name
  }

  deinit { unsafe bpf_link__destroy(link) }

  /// Runs the program on all objects that there are now; what it writes is dropped.
  package func run() throws(BPFError) {
    let descriptor = unsafe bpf_iter_create(bpf_link__fd(link))
    guard descriptor >= 0 else { throw BPFError(operation: .read, subject: name, code: errno) }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 4_096)
    while true {
      let count = unsafe read(descriptor, &bytes, bytes.count)
      if count == 0 { return }
      guard count > 0 || errno == EINTR || errno == EAGAIN else {
        throw BPFError(operation: .read, subject: name, code: errno)
      }
    }
  }
}

extension LoadedObject {
  /// An iterator of the object, over the elements of one of its maps if one is named.
  package func iterator(program: String, overMap map: String? = nil) throws(BPFError)
    -> BPFIterator
  {
    let found = unsafe try pointer(toProgram: program)
    let link: OpaquePointer?
    if let map {
      var target = bpf_iter_link_info()
      unsafe target.map.map_fd = UInt32(try descriptor(ofMap: map))
      unsafe link = Self.attach(found, to: &target)
    } else {
      unsafe link = bpf_program__attach_iter(found, nil)
    }
    guard let link = unsafe link else {
      throw BPFError(operation: .attach, subject: program, code: errno)
    }
    return unsafe BPFIterator(link, name: program)
  }

  private static func attach(_ program: OpaquePointer, to target: inout bpf_iter_link_info)
    -> OpaquePointer?
  {
    unsafe withUnsafeMutablePointer(to: &target) { target in
      var options = unsafe bpf_iter_attach_opts()
      // Without the padding at the end, whose bytes may be anything: libbpf wants what it does not
      // know to be 0.
      let last = unsafe MemoryLayout<bpf_iter_attach_opts>.offset(of: \.link_info_len) ?? 0
      unsafe options.sz = last + MemoryLayout<UInt32>.size
      unsafe options.link_info = target
      unsafe options.link_info_len = UInt32(MemoryLayout<UInt32>.size)
      return unsafe bpf_program__attach_iter(program, &options)
    }
  }
}
