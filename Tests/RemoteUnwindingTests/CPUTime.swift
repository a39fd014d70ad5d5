import Glibc

/// CPU time of this thread that some work takes: what else the host does is no part of it.
func cpuTime(of work: () throws -> Void) rethrows -> Duration {
  let before = threadTime()
  try work()
  return threadTime() - before
}

private func threadTime() -> Duration {
  var time = timespec()
  _ = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}
