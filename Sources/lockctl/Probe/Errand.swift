internal import CommandLine
internal import FileLocking
internal import Glibc
internal import Posix
internal import SystemPackage

/// A step done by another process of this program, which can be given up.
///
/// Nothing that touches the directory is done by the process that people started: a call to a server that is gone hangs,
/// and so would everything that is to be done about it.
enum Errand {
  enum Ending {
    case over(StepReport)
    /// It ended without a report.
    case brokenOff
    /// It took too long, and was killed.
    case hung
    /// A signal asked us to stop; it was killed.
    case stopped(signal: CInt)
  }

  /// - Parameter deadline: how long it may take; `nil`: as long as whoever waits for us allows.
  static func run(
    _ step: ProbeStep, _ path: FilePath, within deadline: Duration?, _ signals: borrowing SignalQueue
  ) throws(Errno) -> Ending {
    let pipe = try InheritedPipe()
    let child = try start(step, path, pipe.writing.raw)
    let end = deadline.map { BootTime.now + $0 }
    while true {
      if let event = try child.poll(), event != .stopped {
        return StepReport(pipe.contents()).map { .over($0) } ?? .brokenOff
      }
      let left = end.map { $0.since(.now) }
      if let left, left <= .zero { return kill(child, .hung) }
      let signal = try signals.next(timeout: left)
      if let signal, signal != SIGCHLD { return kill(child, .stopped(signal: signal)) }
    }
  }

  private static func start(_ step: ProbeStep, _ path: FilePath, _ report: CInt) throws(Errno) -> ChildProcess {
    try .again(["probe-step", "--report=\(report)", step.word, "--", path.string])
  }

  /// Waits for its death, too, as far as a second goes: it must not make a file after everything was cleaned up.
  private static func kill(_ child: ChildProcess, _ ending: Ending) -> Ending {
    child.send(SIGKILL)
    for _ in 0..<100 {
      if let event = try? child.poll(), event != .stopped { break }
      sleepThrough(.milliseconds(10))
    }
    return ending
  }
}
