/// What a crowd has done, in one round or in several.
struct Struggle {
  private var seconds = 0.0
  private var runs = 0
  private var changes = 0
  private var waits: [Int] = []
  private var longest = 0
  /// Workers that never got the lock, in the round that was worst.
  private(set) var starved = 0

  init() {}

  /// Makes sense of what the workers wrote down between two moments.
  init(_ events: [Event], workers: Int, from start: Int, to end: Int) throws(Failure) {
    seconds = Double(end - start) / 1e9
    var begun: [Int32: Int] = [:]
    var served: Set<Int32> = []
    var last: Int32?
    for event in events where event.time <= end {
      guard event.status != Event.began else {
        begun[event.worker] = event.time
        continue
      }
      guard event.status == 0 else { throw Failure("status \(event.status)") }
      runs += 1
      if let last, last != event.worker { changes += 1 }
      last = event.worker
      served.insert(event.worker)
      if let beginning = begun.removeValue(forKey: event.worker) { waits.append(event.time - beginning) }
    }
    // Who has still not got the lock has waited as well.
    longest = max(waits.max() ?? 0, begun.values.map { end - $0 }.max() ?? 0)
    waits.sort()
    starved = workers - served.count
  }

  static func += (total: inout Struggle, round: Struggle) {
    total.seconds += round.seconds
    total.runs += round.runs
    total.changes += round.changes
    total.waits = (total.waits + round.waits).sorted()
    total.longest = max(total.longest, round.longest)
    total.starved = max(total.starved, round.starved)
  }

  /// Runs of any worker per second: also of one that takes the lock again before the others have noticed.
  var runRate: Double { Double(runs) / seconds }

  /// How often per second the lock went from one worker to another.
  var handoverRate: Double { Double(changes) / seconds }

  /// From the start of a process to its end, in milliseconds.
  var medianWait: Double { waits.isEmpty ? longestWait : Double(waits[waits.count / 2]) / 1e6 }
  var longestWait: Double { Double(longest) / 1e6 }
  var unfairness: Double { longestWait / medianWait }
}
