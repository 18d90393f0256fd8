internal import Glibc
internal import LockPolicy
internal import Posix

/// What befalls the workers, and how long it lasts: chance that comes again with its seed.
struct Disturbance {
  enum Blow {
    case kill, stop
    /// The lock file's time is set to another, as if its server's clock had been.
    case clockStep(Duration)
  }

  private(set) var dice: Dice
  private let policy: Policy
  private let hasClockSteps: Bool
  private(set) var next = BootTime.now

  init(_ plan: StressPlan, seed: UInt64) {
    dice = Dice(seed: seed)
    policy = plan.policy
    hasClockSteps = plan.options.clockSteps
  }

  mutating func blow(at now: BootTime) -> Blow {
    next = now + dice.time(.zero ... .milliseconds(40))
    return switch Int.random(in: 0..<100, using: &dice) {
    case 0..<10: .kill
    case 10..<30 where hasClockSteps: .clockStep(step())
    default: .stop
    }
  }

  /// Back by any time, which makes a lock old; forward only a bit, because nobody takes a lock that comes from the future.
  private mutating func step() -> Duration {
    let limit = policy.steal.after ?? .seconds(1)
    return dice.once(in: 3) ? dice.time(.zero...limit) : .zero - dice.time(.zero...limit * 3)
  }

  /// Whether the worker that was inside a moment ago is to be hit, rather than any.
  mutating func prefersHolder() -> Bool { dice.once(in: 4) }

  mutating func number(below count: Int) -> Int { Int.random(in: 0..<count, using: &dice) }

  /// How long a worker stays stopped: mostly for a tiny pause, which changes the order of things; else for about a lease,
  /// or for so long that its lock will have been stolen.
  mutating func stoppedTime(isLongAllowed: Bool) -> Duration {
    let lease = min(policy.lease.inside ?? .seconds(1), .seconds(60))
    let stale = lease + (policy.steal.after ?? .zero)
    return switch Int.random(in: 0..<(isLongAllowed ? 20 : 17), using: &dice) {
    case 0..<17: dice.time(.zero ... .milliseconds(5))
    case 17: dice.time(lease * 0.8...lease * 1.2)
    default: dice.time(stale...stale * 1.5)
    }
  }
}
