internal import CommandLine
internal import Glibc
internal import Posix
internal import SystemPackage

/// The workers of a run, as their parent sees them.
struct StressCrew: ~Copyable {
  private struct Worker {
    let number: Int
    let process: ChildProcess
    var isReady = false
    /// When it goes on, if it is stopped.
    var wakes: BootTime?
    /// A moment just before it was killed.
    var killed: BootTime?
    /// Since when it is inside, and until when it believes so.
    var inside: (since: BootTime, until: BootTime)?
  }

  let run = UInt64.random(in: 1 ... .max)
  private let size: Int
  private let pipe: InheritedPipe
  private var disturbance: Disturbance
  private var workers: [Worker] = []
  private var started = 0
  private(set) var tally: Tally

  init(_ plan: StressPlan) throws(Errno) {
    size = plan.options.workers
    pipe = try InheritedPipe()
    tally = Tally(plan)
    disturbance = Disturbance(plan, seed: tally.seed)
  }

  var isGone: Bool { workers.isEmpty }

  // MARK: - Keeping up

  mutating func start() throws(Errno) {
    while workers.count < size { workers.append(try startWorker(place: workers.count)) }
  }

  private mutating func startWorker(place: Int) throws(Errno) -> Worker {
    started += 1
    let orders = StressOrders.words(
      number: started, place: place, run: run, seed: tally.seed &+ UInt64(started), events: pipe.writing.raw)
    let given = Swift.CommandLine.arguments.drop { $0 != StressCommand.name }.dropFirst()
    return Worker(number: started, process: try .again([StressWorkerCommand.name] + orders + given))
  }

  /// Takes note of what has happened, wakes whose time has come, and replaces the dead.
  mutating func attend() throws(Errno) {
    for place in workers.indices {
      switch try workers[place].process.poll() {
      case .stopped: noteStop(place)
      case .exited(let status):
        if status != 0 { tally.failures += 1 }
        try bury(place)
        workers[place] = try startWorker(place: place)
      case .killed(let signal):
        if signal == SIGKILL { tally.kills += 1 } else { tally.failures += 1 }
        try bury(place)
        workers[place] = try startWorker(place: place)
      case .none: wake(place, ifBefore: .now)
      }
    }
    try listen()
  }

  private mutating func noteStop(_ place: Int) {
    tally.stops += 1
    let asleep = workers.count { $0.wakes != nil }
    workers[place].wakes = .now + disturbance.stoppedTime(isLongAllowed: asleep * 2 < size)
  }

  private mutating func wake(_ place: Int, ifBefore now: BootTime) {
    guard let wakes = workers[place].wakes, wakes <= now else { return }
    workers[place].wakes = nil
    workers[place].process.sendAlone(SIGCONT)
  }

  /// The pipe holds everything that the dead worker has told.
  private mutating func bury(_ place: Int) throws(Errno) {
    try listen()
    guard let inside = workers[place].inside else { return }
    tally.leftBehind += 1
    // Inside until the signal was sent at least. Nobody else's signals are known, but then it was inside for a moment.
    let end = workers[place].killed ?? inside.since
    add(workers[place].number, inside.since, min(end, inside.until))
  }

  // MARK: - Listening

  private mutating func listen() throws(Errno) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: StressEvent.size * 1024, alignment: 8)
    defer { buffer.deallocate() }
    while let count = try read(buffer) {
      for start in stride(from: 0, to: count, by: StressEvent.size) {
        if let event = StressEvent(UnsafeRawBufferPointer(rebasing: buffer[start...])) { note(event) }
      }
    }
  }

  /// - Returns: `nil` when nothing is there.
  private func read(_ buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int? {
    do throws(Errno) {
      return try pipe.reading.read(into: buffer)
    } catch {
      if error == .resourceTemporarilyUnavailable { return nil }
      throw error
    }
  }

  private mutating func note(_ event: StressEvent) {
    switch event.kind {
    case .ready: if let place = place(of: event) { workers[place].isReady = true }
    case .entered: enter(event)
    case .left: leave(event)
    case .unproven: tally.unproven += 1
    case .theft: tally.thefts += 1
    case .robbed: tally.robbed += 1
    case .busy: tally.timeouts += 1
    case .failed: tally.failures += 1
    case .full: tally.isDiskFull = true
    case .stranger: tally.strangers += 1
    }
  }

  private mutating func enter(_ event: StressEvent) {
    guard let place = place(of: event) else { return }
    workers[place].inside = (event.moment, event.until)
    tally.holds += 1
    tally.lastEntered = max(tally.lastEntered, event.moment)
  }

  private mutating func leave(_ event: StressEvent) {
    guard let place = place(of: event), let inside = workers[place].inside else { return }
    workers[place].inside = nil
    if event.moment >= event.until { tally.late += 1 }
    add(event.worker, inside.since, min(event.moment, event.until))
  }

  private func place(of event: StressEvent) -> Int? { workers.firstIndex { $0.number == event.worker } }

  private mutating func add(_ worker: Int, _ entered: BootTime, _ left: BootTime) {
    tally.timeline.add(Timeline.Stay(worker: worker, entered: entered, left: left))
  }

  // MARK: - Disturbing

  mutating func disturb(in place: borrowing StressPlace) throws {
    let now = BootTime.now
    guard disturbance.next <= now else { return }
    let blow = disturbance.blow(at: now)
    if case .clockStep(let step) = blow {
      if try place.stepClock(by: step) { tally.clockSteps += 1 }
      return
    }
    guard let victim = victim() else { return }
    if case .kill = blow {
      try place.noteKill(of: workers[victim].number)
      // Who is killed twice died of the first.
      workers[victim].killed = workers[victim].killed ?? .now
      workers[victim].process.sendAlone(SIGKILL)
    } else {
      workers[victim].process.sendAlone(SIGSTOP)
    }
  }

  private mutating func victim() -> Int? {
    if disturbance.prefersHolder(), let holder = workers.firstIndex(where: { $0.inside != nil }) { return holder }
    let victim = disturbance.number(below: workers.count)
    return workers[victim].isReady ? victim : nil
  }

  // MARK: - The end

  /// Asks all workers to end.
  mutating func dismiss() {
    for worker in workers {
      worker.process.sendAlone(SIGTERM)
      worker.process.sendAlone(SIGCONT)
    }
  }

  /// Takes note of who has ended.
  mutating func attendLeaving() throws(Errno) {
    for place in workers.indices.reversed() {
      switch try workers[place].process.poll() {
      case .stopped: workers[place].process.sendAlone(SIGCONT)
      case .exited(let status):
        if status != 0 { tally.failures += 1 }
        try bury(place)
        workers.remove(at: place)
      case .killed:
        try bury(place)
        workers.remove(at: place)
      case .none: break
      }
    }
    try listen()
  }

  mutating func noteFullDisk() { tally.isDiskFull = true }

  mutating func finish() -> Tally {
    tally.finish()
    return tally
  }

  /// Who does not end by itself hangs.
  mutating func killAll() {
    tally.hung += workers.count
    for worker in workers { worker.process.sendAlone(SIGKILL) }
  }
}
