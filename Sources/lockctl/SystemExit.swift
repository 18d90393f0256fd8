internal import FileLocking
internal import LockPolicy
internal import PolicyFile
internal import SystemPackage

/// The exit statuses of sysexits.h, which lockctl uses because people type it.
struct SystemExit: RawRepresentable, Equatable {
  let rawValue: Int32

  static let success = SystemExit(rawValue: 0)
  static let noInput = SystemExit(rawValue: 66)
  static let unavailable = SystemExit(rawValue: 69)
  static let software = SystemExit(rawValue: 70)
  static let cannotCreate = SystemExit(rawValue: 73)
  static let outputError = SystemExit(rawValue: 74)
  static let temporaryFailure = SystemExit(rawValue: 75)
  static let noPermission = SystemExit(rawValue: 77)
  static let configuration = SystemExit(rawValue: 78)

  init(rawValue: Int32) { self.rawValue = rawValue }

  /// The status for an error of this package's; `nil` for one of the command line's.
  init?(_ error: any Error) {
    switch error {
    case let error as PolicyError: self = error.errno == nil ? .configuration : .noInput
    case is PolicyContradiction: self = .configuration
    case let failure as LockFailure: self.init(failure)
    case let error as ProbeFailure: self = error.status
    case let refusal as Refusal: self = refusal.status
    case let verdict as StressVerdict: self = verdict.status
    case is StandardOutput.Failure: self = .outputError
    default: return nil
    }
  }

  private init(_ failure: LockFailure) {
    self =
      switch failure.kind {
      case .busy, .lost: .temporaryFailure
      case .refused: .unavailable
      case .system(.noSuchFileOrDirectory), .system(.notDirectory): .noInput
      case .system(.permissionDenied), .system(.notPermitted), .system(.readOnlyFileSystem): .noPermission
      // A full disk, a file server that is away: a script that passes the status on must not bounce mail over it.
      case .system: .temporaryFailure
      // As a shell tells it.
      case .interrupted(let signal): SystemExit(rawValue: 128 + signal)
      }
  }
}

/// Why something is not done that could be.
struct Refusal: Error, CustomStringConvertible {
  let description: String
  let status: SystemExit

  init(_ status: SystemExit, _ description: String) { (self.status, self.description) = (status, description) }
}
