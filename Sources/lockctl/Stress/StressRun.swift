internal import FileLocking
internal import Glibc
internal import Posix
internal import SystemPackage

/// A run from its beginning to its end.
enum StressRun {
  static func complete(_ plan: StressPlan) throws -> Tally {
    var signals = SignalQueue()
    var crew = try StressCrew(plan)
    let place = try StressPlace.prepare(plan, run: crew.run)
    var failure: (any Error)?
    // Whatever has happened, no worker stays behind, and no file.
    do { try work(&crew, place, &signals, plan) } catch { failure = error }
    try finish(&crew, &signals)
    try place.leave()
    if let failure, !failure.isFullDisk { throw failure }
    if failure != nil { crew.noteFullDisk() }
    return crew.finish()
  }

  private static func work(
    _ crew: inout StressCrew, _ place: borrowing StressPlace, _ signals: inout SignalQueue, _ plan: StressPlan
  ) throws {
    try crew.start()
    let end = crew.tally.start + .nanoseconds(Int64(plan.options.seconds * 1e9))
    while BootTime.now < end || crew.tally.timeline.handOvers < plan.options.handOvers {
      if let signal = try signals.next(timeout: .milliseconds(2)), signal != SIGCHLD { return }
      try crew.attend()
      try crew.disturb(in: place)
      if crew.tally.isDecided { return }
    }
  }

  private static func finish(_ crew: inout StressCrew, _ signals: inout SignalQueue) throws {
    crew.dismiss()
    let patience = BootTime.now + .seconds(10)
    while !crew.isGone {
      _ = try signals.next(timeout: .milliseconds(2))
      try crew.attendLeaving()
      if .now > patience { crew.killAll() }
    }
  }
}

extension Error {
  fileprivate var isFullDisk: Bool { (self as? LockFailure)?.isFullDisk ?? false }
}

extension LockFailure {
  /// Whether there is no room for what a run needs: it says nothing about the lock.
  var isFullDisk: Bool { kind == .system(.noSpace) || kind == .system(.diskQuotaExceeded) }
}
