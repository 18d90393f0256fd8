internal import Glibc
internal import Posix

/// A run from its beginning to its end.
enum StressRun {
  static func complete(_ plan: StressPlan) throws -> Tally {
    var signals = SignalQueue()
    var crew = try StressCrew(plan)
    let place = try StressPlace.prepare(plan, run: crew.run)
    try work(&crew, place, &signals, plan)
    try finish(&crew, &signals)
    try place.leave()
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
