internal import Posix
internal import SystemPackage

/// Something that locking wants from a file system.
enum Trial: String, CaseIterable {
  case create, link, nameless, permit, fcntl, flock, apart, notify, reflink, lease, times

  /// What the file system is to do.
  var title: String {
    switch self {
    case .create: "only one makes a file (O_EXCL)"
    case .link: "only one gives a file its name (link)"
    case .nameless: "a file needs no name (O_TMPFILE)"
    case .permit: "a removed directory takes no file (rename)"
    case .fcntl: "only one of two processes locks (F_OFD_SETLK)"
    case .flock: "only one of two processes locks (flock)"
    case .apart: "fcntl and flock do not meet"
    case .notify: "a change is noticed at once (inotify)"
    case .reflink: "a copy shares its blocks (FICLONE)"
    case .lease: "it is told who else has a file open (F_SETLEASE)"
    case .times: "a file is touched (utimensat)"
    }
  }

  /// The trial's own names in the scratch directory, so that one that was killed is in nobody's way.
  var file: FilePath { FilePath(rawValue) }
  var other: FilePath { FilePath(rawValue + ".2") }
  static let permitDirectory: FilePath = "permit.d"

  /// Tries it.
  ///
  /// - Throws: `Errno` where the file system refuses, ``Misbehaviour`` where it does something else.
  func run(in scratch: borrowing Scratch) throws -> StepReport {
    switch self {
    case .create: try create(scratch)
    case .link: try link(scratch)
    case .nameless: try nameless(scratch)
    case .permit: try permit(scratch)
    case .fcntl: try exclude(.fcntl, scratch)
    case .flock: try exclude(.flock, scratch)
    case .apart: try apart(scratch)
    case .notify: try notify(scratch)
    case .reflink: try reflink(scratch)
    case .lease: try lease(scratch)
    case .times: try times(scratch)
    }
  }
}

/// What a file system did although it should not have, or the other way round.
struct Misbehaviour: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }

  /// Makes sure that a call fails.
  static func unlessFailing(_ description: String, _ call: () throws(Errno) -> Void) throws(Misbehaviour) {
    do throws(Errno) { try call() } catch { return }
    throw Misbehaviour(description)
  }
}

/// Times an operation again and again, but does not ask a slow server for ever.
struct Stopwatch {
  private let start = BootTime.now
  private var times: [Int64] = []

  var isDone: Bool { times.count >= 15 || (!times.isEmpty && BootTime.now.since(start) > .milliseconds(300)) }

  mutating func time<Result: ~Copyable>(_ call: () throws(Errno) -> Result) throws(Errno) -> Result {
    let before = BootTime.now
    let result = try call()
    times.append(BootTime.now.since(before).nanosecondCount)
    return result
  }

  var report: StepReport {
    let sorted = times.sorted()
    guard let fastest = sorted.first else { return StepReport() }
    return StepReport(numbers: ["fastest": fastest, "median": sorted[sorted.count / 2]])
  }
}
