internal import FileLocking
internal import Posix
internal import SystemPackage

extension Trial {
  func notify(_ scratch: borrowing Scratch) throws -> StepReport {
    var watch = Stopwatch()
    while !watch.isDone {
      _ = try scratch.make(file)
      let watched = try FileWatch(scratch.path.entry(file))
      let isNoticed = try watch.time { () throws(Errno) in
        try scratch.directory.unlink(file)
        return FileWatch.wait(watched.raw, .seconds(1))
      }
      guard isNoticed else { throw Misbehaviour("a removed file was not reported within 1s") }
    }
    return watch.report
  }

  func reflink(_ scratch: borrowing Scratch) throws -> StepReport {
    let original = try scratch.make(file)
    try original.writeAll([UInt8](repeating: 0x2A, count: 4096))
    var watch = Stopwatch()
    while !watch.isDone {
      let copy = try scratch.make(other)
      try watch.time { () throws(Errno) in try copy.clone(original) }
      guard try copy.bytes(atMost: 1, from: 4095) == [0x2A] else { throw Misbehaviour("the copy is not the same") }
      try scratch.directory.unlink(other)
    }
    return watch.report
  }

  func lease(_ scratch: borrowing Scratch) throws -> StepReport {
    let first = try scratch.make(file)
    // Before there is a lease, which the open would have to wait for.
    let second = try scratch.directory.open(file, .readOnly)
    guard !first.isOpenNowhereElse() else { throw Misbehaviour("granted although the file is open twice") }
    try second.close()
    guard first.isOpenNowhereElse() else { throw Misbehaviour("not granted although the file is open once") }
    try first.close()
    var watch = Stopwatch()
    while !watch.isDone {
      let file = try scratch.directory.open(file, .readWrite)
      _ = try watch.time { () throws(Errno) in file.isOpenNowhereElse() }
    }
    return watch.report
  }

  func times(_ scratch: borrowing Scratch) throws -> StepReport {
    let touched = try scratch.make(file)
    var clock = ServerClock()
    var watch = Stopwatch()
    // The clock that stamps files may stand still for longer than many touches take.
    let patience = BootTime.now + .milliseconds(50)
    while !watch.isDone || (!clock.hasMoved && .now < patience) {
      let before = RealTime.now
      try watch.time { () throws(Errno) in try touched.touch() }
      clock.note(try touched.status().modified, between: before, RealTime.now)
    }
    // A time whose every digit matters.
    let odd = FileTime(nanoseconds: 1_000_000_001_123_456_789)
    try touched.setTimes(accessed: odd, modified: odd)
    clock.noteKept(try scratch.directory.open(file, .readOnly).status().modified)
    var report = watch.report
    report.numbers.merge(clock.numbers) { $1 }
    return report
  }
}

/// The clock that stamps files, which is the server's.
struct ServerClock {
  private var last: FileTime?
  private var step: Int64?
  private var resolution: Int64?
  private var ahead: (by: Int64, uncertainty: Int64)?

  var hasMoved: Bool { step != nil }

  /// Notes the time that a file got by being touched between two moments of this host.
  mutating func note(_ time: FileTime, between before: FileTime, _ after: FileTime) {
    let uncertainty = after.nanoseconds - before.nanoseconds
    if uncertainty < ahead?.uncertainty ?? .max {
      ahead = ((before.nanoseconds + uncertainty / 2) - time.nanoseconds, uncertainty)
    }
    if let last, time > last { step = min(step ?? .max, time.nanoseconds - last.nanoseconds) }
    last = time
  }

  /// Notes what became of a time whose every digit mattered.
  mutating func noteKept(_ time: FileTime) {
    // FAT counts by two seconds.
    let units: [Int64] = [2_000_000_000, 1_000_000_000, 100_000_000, 10_000_000, 1_000_000, 1000, 100, 10, 1]
    resolution = units.first { time.nanoseconds % $0 == 0 }
  }

  var numbers: [String: Int64] {
    var numbers: [String: Int64] = [:]
    numbers["step"] = step
    numbers["resolution"] = resolution
    numbers["ahead"] = ahead?.by
    return numbers
  }
}
