internal import FileLocking
internal import LockPolicy
internal import PolicyFile

/// The exit statuses of sysexits.h, which lockctl uses because people type it.
enum SystemExit: Int32 {
  case success = 0
  case noInput = 66
  case unavailable = 69
  case cannotCreate = 73
  case outputError = 74
  case temporaryFailure = 75
  case configuration = 78

  /// The status for an error of this package's; `nil` for one of the command line's.
  init?(_ error: any Error) {
    switch error {
    case let error as PolicyError: self = error.errno == nil ? .configuration : .noInput
    case is PolicyContradiction: self = .configuration
    case let failure as LockFailure: self = failure.kind == .busy ? .temporaryFailure : .noInput
    case let error as ProbeFailure: self = error.status
    case is StandardOutput.Failure: self = .outputError
    default: return nil
    }
  }
}
