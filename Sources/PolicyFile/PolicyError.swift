public import LockPolicy
public import SystemPackage

/// Why a policy cannot be used: one line that begins with the place.
public struct PolicyError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file as it was named.
  public let file: FilePath
  /// The line and column that are wrong; `nil` when the file as a whole is.
  public let location: SourceLocation?
  /// What is wrong, what was expected, and what may have been meant.
  public let reason: String
  /// The system call's error when the file could not be read.
  public let errno: Errno?

  /// `FILE:LINE:COLUMN: what; suggestion`, or `FILE: cannot open: reason`.
  public var description: String { "\(location?.description ?? file.string): \(reason)" }

  init(_ location: SourceLocation, _ reason: String) {
    (self.file, self.location, errno) = (FilePath(location.file), location, nil)
    // What the file says is quoted, and must not drive the terminal that shows it.
    self.reason = reason.unicodeScalars.map { $0.isControl ? $0.escaped(asASCII: true) : String($0) }.joined()
  }

  init(_ file: FilePath, _ reason: String) { (self.file, location, self.reason, errno) = (file, nil, reason, nil) }

  init(_ file: FilePath, _ what: String, _ errno: Errno) {
    (self.file, location, self.errno) = (file, nil, errno)
    reason = "\(what): \(errno)"
  }
}

extension Unicode.Scalar {
  fileprivate var isControl: Bool { properties.generalCategory == .control }
}
