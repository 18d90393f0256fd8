internal import LockPolicy
internal import Posix

/// The overall deadline of a wait, and the growing pauses until then.
struct Patience {
  private let wait: Policy.Wait
  private let deadline: BootTime?
  private var pause: Duration

  init(_ wait: Policy.Wait) {
    self.wait = wait
    deadline = wait.timeout.map { BootTime.now + $0 }
    pause = wait.first
  }

  /// How long to wait for that, at most; `nil` when the deadline has come.
  ///
  /// - Parameter chance: when another try is worth it in any case.
  mutating func next(_ wakeUp: WakeUp, chance: Duration?) -> Duration? {
    let left = deadline.map { $0.since(.now) } ?? .seconds(Int64.max / 2_000_000_000)
    guard left > .zero else { return nil }
    switch wakeUp {
    case .now: return .zero
    case .time: return within(left, chance, jittered(nextPause()))
    // A sleeper that is never woken, as behind a process that is stopped, tries by itself.
    case .readable, .granted: return within(left, chance, jittered(wait.longest))
    }
  }

  private mutating func nextPause() -> Duration {
    defer { pause = min(pause * wait.growth, wait.longest) }
    return pause
  }

  /// Left to chance, so that waiters that were woken together do not meet again and again.
  private func jittered(_ time: Duration) -> Duration { time * (1 + wait.jitter * Double.random(in: -1...1)) }

  private func within(_ left: Duration, _ chance: Duration?, _ time: Duration) -> Duration {
    min(max(min(time, chance ?? time), .microseconds(100)), left)
  }

  /// The end of the diagnostic when the deadline has come.
  var epitaph: String {
    guard let timeout = wait.timeout, timeout > .zero else { return "" }
    return "; gave up after \(timeout.policyText)"
  }
}
