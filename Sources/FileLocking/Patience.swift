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

  /// The next pause; `nil` when the deadline has come.
  mutating func next() -> Duration? {
    let left = deadline.map { $0.since(.now) } ?? .seconds(Int64.max / 2_000_000_000)
    guard left > .zero else { return nil }
    // Left to chance, so that waiters that were woken together do not meet again and again.
    let chosen = pause * (1 + wait.jitter * Double.random(in: -1...1))
    pause = min(pause * wait.growth, wait.longest)
    return min(max(chosen, .microseconds(100)), left)
  }

  /// The end of the diagnostic when the deadline has come.
  var epitaph: String {
    guard let timeout = wait.timeout, timeout > .zero else { return "" }
    return "; gave up after \(timeout.policyText)"
  }
}
