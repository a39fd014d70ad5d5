import CLibUnwind

/// libunwind's view of a profiled process: registers and memory come from the sample and from the
/// files it maps, never from the process itself.
///
/// - Source: libunwind-dynamic(3), unw_create_addr_space(3).
enum Accessors {
  nonisolated(unsafe) static var table = make()

  private static func make() -> unw_accessors_t {
    var accessors = unw_accessors_t()
    unsafe accessors.find_proc_info = findProcedure
    unsafe accessors.put_unwind_info = { _, _, _ in }
    unsafe accessors.get_dyn_info_list_addr = { _, _, _ in -UNW_ENOINFO_CODE }
    unsafe accessors.access_mem = accessMemory
    unsafe accessors.access_reg = accessRegister
    unsafe accessors.access_fpreg = { _, _, _, _, _ in -UNW_EBADREG_CODE }
    unsafe accessors.resume = { _, _, _ in -UNW_EINVAL_CODE }
    unsafe accessors.get_proc_name = { _, _, _, _, _, _ in -UNW_ENOINFO_CODE }
    return accessors
  }

  private static let findProcedure:
    @convention(c) (
      unw_addr_space_t?, unw_word_t, UnsafeMutablePointer<unw_proc_info_t>?, CInt,
      UnsafeMutableRawPointer?
    ) -> CInt = { space, address, procedure, needsInfo, context in
      guard let state = unsafe state(context) else { return -UNW_EINVAL_CODE }
      guard let module = state.module, let table = module.table else {
        state.foundNothing = true
        return -UNW_ENOINFO_CODE
      }
      let status = unsafe wick_search_unwind_table(
        space, address, module.extent.lowerBound &+ state.bias,
        module.extent.upperBound &+ state.bias, module.tableBase &+ state.bias,
        table.address &+ state.bias, table.count, procedure, needsInfo, context)
      if status == -UNW_ENOINFO_CODE { state.foundNothing = true }
      if status == 0, needsInfo != 0, let procedure = unsafe procedure {
        unsafe refuseHarm(procedure, in: state)
      }
      return status
    }

  /// Makes libunwind fail, and free what it holds, instead of running a program that would harm us.
  private static func refuseHarm(
    _ procedure: UnsafeMutablePointer<unw_proc_info_t>, in state: WalkState
  ) {
    guard let program = unsafe wick_frame_program(procedure) else {
      state.refused = true
      return
    }
    var check = FrameProgramCheck(state: state)
    let isHarmless =
      unsafe program.pointee.return_address_register < UInt64(UserRegisters.count)
      && check.accepts(from: program.pointee.initial_start, to: program.pointee.initial_end)
      && check.accepts(from: program.pointee.start, to: program.pointee.end)
    guard !isHarmless else { return }
    state.refused = true
    // A program of one byte that cannot be read.
    unsafe program.pointee.return_address_register = 0
    unsafe program.pointee.initial_start = 0
    unsafe program.pointee.initial_end = 1
  }

  private static let accessMemory:
    @convention(c) (
      unw_addr_space_t?, unw_word_t, UnsafeMutablePointer<unw_word_t>?, CInt,
      UnsafeMutableRawPointer?
    ) -> CInt = { _, address, value, isWrite, context in
      guard isWrite == 0, let word = unsafe state(context)?.word(at: address) else {
        return -UNW_EINVAL_CODE
      }
      unsafe value?.pointee = word
      return 0
    }

  private static let accessRegister:
    @convention(c) (
      unw_addr_space_t?, unw_regnum_t, UnsafeMutablePointer<unw_word_t>?, CInt,
      UnsafeMutableRawPointer?
    ) -> CInt = { _, register, value, isWrite, context in
      guard isWrite == 0, register >= 0, Int(register) < UserRegisters.count,
        let state = unsafe state(context)
      else { return -UNW_EBADREG_CODE }
      unsafe value?.pointee = state.registers.values[Int(register)]
      return 0
    }

  private static func state(_ context: UnsafeMutableRawPointer?) -> WalkState? {
    guard let context = unsafe context else { return nil }
    return unsafe Unmanaged<WalkState>.fromOpaque(context).takeUnretainedValue()
  }
}
