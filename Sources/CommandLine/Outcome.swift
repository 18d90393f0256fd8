package import FileLocking
package import LockPolicy

/// How a program ended, before it is put into the numbers that its caller understands.
package enum Outcome: Sendable, Equatable {
  /// The work was done; or the program that was run exited by itself, with this status.
  case exited(Int32)
  /// The program that was run was killed by a signal, or we were asked to stop by one.
  case signalled(Int32)
  case usage
  case programNotFound
  case programNotExecutable
  /// Somebody else holds the lock.
  case conflict
  /// Everything else.
  case failed

  package init(_ failure: LockFailure) {
    self =
      switch failure.kind {
      case .busy: .conflict
      case .interrupted(let signal): .signalled(signal)
      case .lost, .refused, .system: .failed
      }
  }

  /// The exit status in the dialect that the policy names.
  package func status(_ dialect: Policy.ExitCodes, conflict: Int32?) -> Int32 {
    switch (self, dialect) {
    case (.exited(let status), _): status
    case (.conflict, _) where conflict != nil: conflict ?? tryAgain
    case (.usage, .shell): 64
    case (.programNotExecutable, .shell): 126
    case (.programNotFound, .shell): 127
    case (.signalled(let signal), .shell): 128 + signal
    case (_, .qmail): 111
    // The one status that qmail, Postfix, Exim, OpenSMTPD, sendmail and maildrop all take for "try again later".
    default: tryAgain
    }
  }
}

/// EX_TEMPFAIL of sysexits.h.
private let tryAgain: Int32 = 75
