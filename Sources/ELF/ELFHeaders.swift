internal import CLibELF
internal import LinuxHost

/// The headers of an image, copied out of libelf.
///
/// libelf reads nothing but the header tables. Contents are read by ourselves, in bounded pieces:
/// libelf would allocate whatever size a section claims, and its handle is bound to one thread.
struct ELFHeaders: Sendable {
  /// A program header of another type than `PT_LOAD`.
  struct Segment: Sendable {
    let type: UInt32
    let fileOffset: UInt64
    let address: UInt64
    let fileSize: UInt64
  }

  private(set) var machine: ELFMachine
  private(set) var isPositionIndependent: Bool
  private(set) var loads: [LoadSegment] = []
  private(set) var others: [Segment] = []
  private(set) var sections: [SectionHeader] = []
  /// Number of the section that holds the names of sections; may be out of range.
  private(set) var nameSection = 0

  init(_ source: ByteSource) throws(ELFError) {
    let expected = try FileHeader(source)
    machine = expected.machine
    isPositionIndependent = expected.isPositionIndependent
    _ = elf_version(UInt32(EV_CURRENT))
    switch source {
    case .file(let file):
      try unsafe read(elf_begin(file.descriptor, ELF_C_READ, nil), expected)
    case .memory(var bytes):
      var headers = self
      let failure: ELFError? = unsafe bytes.withUnsafeMutableBytes { buffer in
        do throws(ELFError) {
          let start = unsafe buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
          try unsafe headers.read(elf_memory(start, buffer.count), expected)
          return nil
        } catch { return error }
      }
      if let failure { throw failure }
      self = headers
    }
  }

  private mutating func read(_ handle: OpaquePointer?, _ expected: FileHeader) throws(ELFError) {
    guard let handle = unsafe handle else { throw Self.libraryError() }
    defer { _ = unsafe elf_end(handle) }
    guard unsafe elf_kind(handle) == ELF_K_ELF else { throw ELFError(.notELF) }
    try unsafe readSegments(handle, count: expected.segmentCount)
    try unsafe readSections(handle, count: expected.sectionCount)
    var names = 0
    if unsafe elf_getshdrstrndx(handle, &names) == 0 { nameSection = names }
  }

  private mutating func readSegments(_ handle: OpaquePointer, count: Int) throws(ELFError) {
    for index in 0..<count {
      var header = GElf_Phdr()
      guard unsafe gelf_getphdr(handle, CInt(index), &header) != nil else {
        throw Self.libraryError()
      }
      if header.p_type == UInt32(PT_LOAD) {
        loads.append(
          LoadSegment(
            fileOffset: header.p_offset, address: header.p_vaddr, fileSize: header.p_filesz,
            memorySize: header.p_memsz, isExecutable: header.p_flags & UInt32(PF_X) != 0))
      } else {
        others.append(
          Segment(
            type: header.p_type, fileOffset: header.p_offset, address: header.p_vaddr,
            fileSize: header.p_filesz))
      }
    }
  }

  private mutating func readSections(_ handle: OpaquePointer, count: Int) throws(ELFError) {
    sections.reserveCapacity(count)
    for index in 0..<count {
      var header = GElf_Shdr()
      guard let section = unsafe elf_getscn(handle, index),
        unsafe gelf_getshdr(section, &header) != nil
      else { throw Self.libraryError() }
      sections.append(
        SectionHeader(
          nameOffset: header.sh_name, type: header.sh_type, flags: header.sh_flags,
          address: header.sh_addr, fileOffset: header.sh_offset, size: header.sh_size,
          link: header.sh_link))
    }
  }

  private static func libraryError() -> ELFError {
    let message = unsafe elf_errmsg(-1).map { unsafe String(cString: $0) }
    return ELFError(.library(message ?? "unknown error"))
  }
}
