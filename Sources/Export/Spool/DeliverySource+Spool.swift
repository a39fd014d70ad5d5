import Dispatch

extension DeliverySource {
  /// What waits in a spool for one destination.
  ///
  /// Reading may take as long as the disk does, so it has a queue of its own, not a thread that tasks
  /// share. Whatever a server gives as reason, a batch that it will never take is counted as refused.
  package init(_ spool: Spool, destination: String) {
    let reading = DispatchQueue(label: "spool \(destination)")
    self.init(
      next: {
        await withCheckedContinuation { continuation in
          reading.async { continuation.resume(returning: spool.next(for: destination)) }
        }
      },
      acknowledge: { spool.acknowledge($0, by: destination) },
      drop: { id, _ in spool.drop(id, by: destination, reason: .refused) })
  }
}
