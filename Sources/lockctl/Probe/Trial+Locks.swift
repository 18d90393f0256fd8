internal import CommandLine
internal import FileLocking
internal import Posix
internal import SystemPackage

/// A lock that the kernel keeps.
enum KernelLock: String, CaseIterable {
  case fcntl, flock

  func take(_ file: borrowing Descriptor) throws(Errno) -> Bool {
    switch self {
    case .fcntl: try file.tryRecordLock()
    case .flock: try file.tryFlock()
    }
  }

  func drop(_ file: borrowing Descriptor) throws(Errno) {
    switch self {
    case .fcntl: try file.releaseRecordLock()
    case .flock: try file.releaseFlock()
    }
  }

  /// Tries to take the lock, as the other one of two processes.
  func contend(_ path: FilePath) throws(Errno) -> StepReport {
    StepReport(numbers: ["taken": try take(Descriptor(opening: path, .readWrite)) ? 1 : 0])
  }

  /// Whether another process could take the lock now.
  func isFree(_ name: FilePath, in scratch: borrowing Scratch, _ signals: borrowing SignalQueue) throws -> Bool {
    let ending = try Errand.run(.contend(self), scratch.path.entry(name), within: nil, signals)
    guard case .over(let report) = ending else { throw Misbehaviour("another process cannot try") }
    if let failure = report.failure { throw Misbehaviour("another process cannot try: \(failure)") }
    return report.numbers["taken"] == 1
  }
}

extension Trial {
  func exclude(_ lock: KernelLock, _ scratch: borrowing Scratch) throws -> StepReport {
    let signals = SignalQueue()
    let held = try scratch.make(file)
    guard try lock.take(held) else { throw Misbehaviour("cannot be taken although nobody has it") }
    guard try !lock.isFree(file, in: scratch, signals) else { throw Misbehaviour("two processes have it at once") }
    try lock.drop(held)
    guard try lock.isFree(file, in: scratch, signals) else { throw Misbehaviour("nobody can take it after its holder") }
    var watch = Stopwatch()
    while !watch.isDone {
      _ = try watch.time { () throws(Errno) in try lock.take(held) }
      try lock.drop(held)
    }
    return watch.report
  }

  /// Where one is made of the other, as over NFS, programs that take both may shut themselves out.
  func apart(_ scratch: borrowing Scratch) throws -> StepReport {
    let signals = SignalQueue()
    let held = try scratch.make(file)
    for (first, second) in [(KernelLock.fcntl, KernelLock.flock), (.flock, .fcntl)] {
      guard try first.take(held) else { throw Misbehaviour("\(first) cannot be taken although nobody has it") }
      guard try second.take(held) else { throw Misbehaviour("\(first) shuts out \(second), even for its own holder") }
      try second.drop(held)
      guard try second.isFree(file, in: scratch, signals) else { throw Misbehaviour("\(first) shuts out \(second)") }
      try first.drop(held)
    }
    return StepReport()
  }
}
