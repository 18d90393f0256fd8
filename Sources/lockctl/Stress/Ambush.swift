internal import Glibc
internal import Posix
internal import SystemPackage

/// Stops or kills the worker itself while it is busy taking the lock, stealing it or letting it go. The parent's signals
/// come at any time, and so mostly to sleepers.
struct Ambush: ~Copyable {
  private let stop: ProcessorTimer
  private let kill: ProcessorTimer
  private var isLaid = false

  static func prepare() throws(Errno) -> Ambush {
    let stop = try ProcessorTimer(signal: SIGSTOP)
    let kill = try ProcessorTimer(signal: SIGKILL)
    return Ambush(stop: stop, kill: kill)
  }

  private init(stop: consuming ProcessorTimer, kill: consuming ProcessorTimer) {
    self.stop = stop
    self.kill = kill
  }

  /// The kernel looks at such timers some hundred times a second, so the next look that finds this process running hits.
  mutating func lie(in dice: inout Dice) {
    guard dice.once(in: 4) else { return }
    isLaid = true
    if dice.once(in: 16) { try? kill.set(.zero) } else { try? stop.set(.zero) }
  }

  mutating func leave() {
    guard isLaid else { return }
    isLaid = false
    try? stop.set(nil)
    try? kill.set(nil)
  }
}
