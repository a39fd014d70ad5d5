/// Why a row needs more than a rule can say.
package enum ComplexCause: Hashable, Sendable, CaseIterable {
  /// The CFA counts from a register other than RSP and RBP.
  case register
  /// The CFA is the result of an expression that is none of the known ones.
  case expression
  /// An offset does not fit.
  case offset
  /// The caller's RBP is in another register or computed.
  case framePointer
  /// The caller's RSP is not the CFA.
  case stackPointer
  /// The return address is not right below the CFA.
  case returnAddress
  /// A signal frame that is not the kernel's own.
  case signalFrame
  /// The program broke off.
  case malformed
  /// The file has more different rules than a row can number.
  case ruleCount
}
