internal import CommandLine
internal import FileLocking
internal import LockPolicy
internal import Posix
internal import SystemPackage

/// What a run came to.
struct Tally {
  let start = BootTime.now
  let seed: UInt64
  var timeline = Timeline()
  var holds = 0
  /// Holders that were killed inside.
  var leftBehind = 0
  /// Holders whose lease was over before they left.
  var late = 0
  var unproven = 0
  var thefts = 0
  var robbed = 0
  var strangers = 0
  var timeouts = 0
  var failures = 0
  /// A run on a full disk finds out nothing about the lock.
  var isDiskFull = false
  var hung = 0
  var kills = 0
  var stops = 0
  var clockSteps = 0
  var lastEntered = BootTime.now
  private let plan: StressPlan
  private var time = Duration.zero

  init(_ plan: StressPlan) {
    self.plan = plan
    seed = plan.options.seed ?? UInt64.random(in: 0..<1_000_000)
  }

  /// Whether there is nothing more to find out: two were inside at once, or nobody gets in any more.
  var isDecided: Bool { timeline.overlaps + strangers > 0 || isDiskFull || isStuck }

  private var isStuck: Bool {
    BootTime.now.since(lastEntered) > (plan.policy.wait.timeout ?? .seconds(60)) + .seconds(30)
  }

  mutating func finish() {
    time = BootTime.now.since(start)
    timeline.finish()
  }

  /// What is wrong; `nil` when nothing is.
  var verdict: StressVerdict? {
    if timeline.overlaps + strangers > 0 { return StressVerdict(.software, overlapText) }
    if robbed > 0 { return StressVerdict(.software, "a lock was lost before its lease was over") }
    if isDiskFull { return StressVerdict(.cannotCreate, "\(plan.location.directory): the disk or a quota is full") }
    if failures + hung > 0 { return StressVerdict(.software, "workers have failed") }
    if isStuck { return StressVerdict(.software, "nobody gets the lock any more") }
    if timeline.handOvers == 0 { return StressVerdict(.temporaryFailure, "the lock was never handed over") }
    return nil
  }

  private var overlapText: String {
    guard let (first, second) = timeline.example else { return "two holders, of two runs, were inside at once" }
    return "two holders were inside at once: worker \(first.worker) from \(seconds(first.entered)) to"
      + " \(seconds(first.left)), worker \(second.worker) from \(seconds(second.entered)) to \(seconds(second.left))"
  }

  private func seconds(_ moment: BootTime) -> String {
    let microseconds = moment.since(start).nanosecondCount / 1000
    let fraction = String(1_000_000 + microseconds % 1_000_000).dropFirst()
    return "\(microseconds / 1_000_000).\(fraction) s"
  }

  // MARK: - Printing

  private var settings: [(name: String, value: String)] {
    [
      ("file", plan.location.path.string), ("method", "\(plan.policy.method)"),
      ("rules", plan.options.naive ? "naive" : plan.options.rules.rawValue),
    ]
  }

  private var counts: [(name: String, value: Int)] {
    [
      ("workers", plan.options.workers), ("seed", Int(truncatingIfNeeded: seed)), ("milliseconds", milliseconds(time)),
      ("holds", holds), ("hand-overs", timeline.handOvers), ("steals", thefts), ("left-behind", leftBehind),
      ("late", late), ("unproven", unproven), ("timeouts", timeouts), ("kills", kills), ("stops", stops),
      ("clock-steps", clockSteps), ("longest-gap-milliseconds", milliseconds(timeline.longestGap)),
      ("overlaps", timeline.overlaps), ("overlaps-with-other-runs", strangers), ("robbed", robbed),
      ("failures", failures), ("hung", hung),
    ]
  }

  private func milliseconds(_ time: Duration) -> Int { Int(time.nanosecondCount / 1_000_000) }

  var text: String {
    let rows = settings + counts.map { ($0.name, "\($0.value)") }
    let width = rows.map(\.name.count).max() ?? 0
    return rows.map { "\($0.name.padded(to: width + 2))\($0.value.visible)\n" }.joined()
  }

  var json: JSON {
    .object(settings.map { ($0.name, .string($0.value)) } + counts.map { ($0.name, .integer($0.value)) })
  }
}

/// Why a run has failed.
struct StressVerdict: Error, CustomStringConvertible {
  let status: SystemExit
  let description: String

  init(_ status: SystemExit, _ description: String) { (self.status, self.description) = (status, description) }
}
