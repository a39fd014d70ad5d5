/// How processes are named.
package struct IdentityConfiguration: Hashable, Sendable {
  package var rules: [IdentityRule] = []

  package init() {}

  static let keys: [Key<Self>] = [
    .list(
      "rules", \.rules, limit: 100, template: IdentityRule(), IdentityRule.keys,
      "Rename or drop services. The rules are applied in their order, each to what the ones before "
        + "it made; the first with drop ends it.",
      example: IdentityRule.example, finish: IdentityRule.finish)
  ]
}
