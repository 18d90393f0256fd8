internal import CommandLine
internal import FileLocking
internal import LockPolicy
internal import Posix
internal import SystemPackage

/// Finds out what the file system of a directory can do, by trying it in a scratch directory there.
struct Probe: ~Copyable {
  private let directory: FilePath
  private let scratch: FilePath
  private let deadline: Duration
  /// Kept from killing us, so that nothing is left behind.
  private let signals = SignalQueue()

  init(_ directory: FilePath, deadline: Duration) {
    (self.directory, self.deadline) = (directory, deadline)
    scratch = ScratchPlace.unique(in: directory)
  }

  func run() throws -> Findings {
    try prepare()
    defer { clean() }
    let place = try FileLocation(of: scratch)
    return Findings(try Subject(place), directory: place.directory, results: try tryAll())
  }

  private func prepare() throws {
    guard let report = try prepared() else {
      throw failure("does not answer within \(deadline.policyText)", .temporaryFailure)
    }
    guard let reason = report.failure else { return }
    throw report.numbers["opened"] == nil
      ? failure("cannot open the directory: \(reason)", .noInput)
      : failure("cannot make files there: \(reason)", .cannotCreate)
  }

  /// - Returns: `nil` when it hangs.
  private func prepared() throws -> StepReport? {
    do {
      let report = try perform(.prepare)
      if report == nil { clean() }
      return report
    } catch {
      // Whoever is stopped may have made it already.
      clean()
      throw error
    }
  }

  private func tryAll() throws -> [TrialResult] {
    var results: [TrialResult] = []
    for trial in Trial.allCases {
      // Says nothing where one of the two does not work.
      if trial == .apart, results.contains(where: { [.fcntl, .flock].contains($0.trial) && !$0.works }) { continue }
      results.append(TrialResult(trial, try perform(.attempt(trial)), deadline))
    }
    return results
  }

  /// - Returns: `nil` when it hangs.
  private func perform(_ step: ProbeStep) throws -> StepReport? {
    let ending: Errand.Ending
    do throws(Errno) {
      ending = try Errand.run(step, scratch, within: deadline, signals)
    } catch {
      throw failure("cannot start a trial: \(error)", .temporaryFailure)
    }
    switch ending {
    case .over(let report):
      guard report.numbers["untried"] == nil else {
        throw failure("cannot make files there: \(report.failure ?? "")", .cannotCreate)
      }
      return report
    case .hung: return nil
    case .brokenOff: throw failure("the trial '\(step.word)' broke off", .temporaryFailure)
    case .stopped(let signal): throw failure("stopped by signal \(signal)", .temporaryFailure)
    }
  }

  private func clean() {
    var reason = "does not answer"
    tries: for _ in 0..<5 {
      switch cleaned() {
      case .over(let report):
        guard let failure = report.failure else { return }
        reason = failure
        // NFS keeps a removed file for a moment if a process that was killed had it open.
        sleepThrough(.milliseconds(100))
      // Another signal must not stop this: it begins again.
      case .stopped, .brokenOff: continue
      case .hung: break tries
      }
    }
    Diagnostics.report("lockctl", "\(scratch): cannot be removed: \(reason)")
  }

  private func cleaned() -> Errand.Ending {
    do throws(Errno) {
      return try Errand.run(.clean, scratch, within: deadline, signals)
    } catch {
      // Where no process can be started any more.
      return .over(ProbeStep.clean.report(scratch))
    }
  }

  private func failure(_ text: String, _ status: SystemExit) -> ProbeFailure {
    ProbeFailure(description: "\(directory): \(text)", status: status)
  }
}

/// Why a directory could not be probed.
struct ProbeFailure: Error, CustomStringConvertible {
  let description: String
  let status: SystemExit
}
