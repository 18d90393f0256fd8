internal import LockPolicy
internal import Posix

/// The lock file that is in the way, as a waiter has seen it from try to try.
struct LockObstacle {
  private(set) var sighting = LockSighting.nothing
  /// Since when it is the same one, by this host's clock.
  private(set) var since = BootTime(nanoseconds: 0)
  var staleness = Staleness.none(for: nil) { didSet { mercy = nil } }
  /// Why it is left alone although it is stale.
  var mercy: String?

  var isGone: Bool { sighting == .nothing }

  /// When it may have become stale; `nil`: not by itself, or it is stale already and has to be left alone.
  var timeLeft: Duration? { if case .none(let time) = staleness { time } else { nil } }

  /// Takes note of another look.
  mutating func watch(_ now: LockSighting) {
    if now.identity == nil || now.identity != sighting.identity { since = .now }
    sighting = now
  }

  /// Who is in the way, to end a line that begins with the locked file.
  func describe(_ target: borrowing LockTarget) -> String { "is locked by \(target.lockName)\(description)" }

  /// Who is in the way of somebody who could not take the lock anyway, to end a line that begins with the lock file.
  var remark: String { isGone ? "" : "; there is one\(description)" }

  /// What is known of the holder.
  private var description: String {
    switch sighting {
    case .nothing: return ""
    case .strange(let kind): return ", which is \(kind)"
    case .lock(let lock):
      let remark = mercy.map { " (\($0))" } ?? ""
      return (lock.record == nil ? ", which another program made" : " of process \(lock.record?.pid ?? 0)") + remark
    }
  }
}

extension LockSighting {
  package var identity: LockIdentity? { if case .lock(let lock) = self { lock.identity } else { nil } }
}

extension SeenLock {
  /// Whose lock it is.
  package var holderText: String {
    guard let record else { return "another program (user \(owner))" }
    return record.pid > 0 ? "process \(record.pid)" : "a process that a power cut has ended"
  }
}

extension Staleness {
  /// Why a lock was stolen.
  package var text: String {
    switch self {
    case .none: "not stale"
    case .dead: "its process is gone"
    case .old(let age, let limit):
      "not touched for \(age.wholeSeconds.policyText), which is longer than \(limit.policyText)"
    case .ordered: "by an administrator's order"
    }
  }
}

extension Duration {
  package var wholeSeconds: Duration { .seconds(components.seconds) }
}
