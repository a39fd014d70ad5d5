import Dispatch
import Synchronization

/// Threads of their own for tasks that may wait, for a file or for samples, without holding up those
/// that all other tasks share.
///
/// A thread is started when there is work for it, and stays.
package final class WorkerThreads: TaskExecutor {
  private struct State {
    var jobs: [UnownedJob] = []
    var threads: [WorkerThread] = []
    var idle = 0
    var stops = false
  }

  private let name: String
  private let limit: Int
  private let state = Mutex(State())
  private let news = DispatchSemaphore(value: 0)

  /// - Parameters:
  ///   - name: of each thread; the kernel keeps 15 bytes.
  ///   - limit: the most threads.
  package init(name: String, limit: Int) {
    self.name = name
    self.limit = limit
  }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    state.withLock { state in
      state.jobs.append(job)
      guard state.idle < state.jobs.count, state.threads.count < limit, !state.stops,
        let thread = WorkerThread(name: name, niceness: 0, body: { [self] in run() })
      else { return }
      state.threads.append(thread)
    }
    news.signal()
  }

  /// Ends the threads, and waits for them; nothing may be going on any more.
  package func stop() {
    let threads = state.withLock { state in
      state.stops = true
      defer { state.threads = [] }
      return state.threads
    }
    for _ in threads { news.signal() }
    for thread in threads { thread.join() }
  }

  private func run() {
    while true {
      state.withLock { $0.idle += 1 }
      news.wait()
      let (job, stops) = state.withLock { state in
        state.idle -= 1
        return (state.jobs.isEmpty ? nil : state.jobs.removeFirst(), state.stops)
      }
      if let job { unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
      if job == nil, stops { return }
    }
  }
}
