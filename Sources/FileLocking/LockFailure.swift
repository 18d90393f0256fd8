public import SystemPackage

/// Why a file could not be locked, or what was done under the lock failed: what, with which file, and the reason.
public struct LockFailure: Error, Sendable, Equatable, CustomStringConvertible {
  /// What a caller can act on.
  public enum Kind: Sendable, Equatable {
    /// Somebody else holds the lock, and the time to wait is over.
    case busy
    /// The lock was held, and is not ours any more; or its lease is over.
    case lost
    /// The file, its lock file or its directory is not one that is safe to use.
    case refused
    /// A signal asked the program to stop.
    case interrupted(signal: Int32)
    /// A system call failed.
    case system(Errno)
  }

  /// What a caller can act on.
  public let kind: Kind
  /// The file that it is about.
  public let path: FilePath
  /// What failed.
  public let what: String

  /// A failure; `what` continues a line that begins with the path.
  public init(_ kind: Kind, _ path: FilePath, _ what: String) {
    (self.kind, self.path, self.what) = (kind, path, what)
  }

  /// A system call that failed: `cannot link: No such file or directory`.
  package init(_ errno: Errno, _ path: FilePath, _ what: String) {
    self.init(.system(errno), path, "\(what): \(errno)")
  }

  /// `path: what failed: reason`.
  public var description: String { "\(path): \(what)" }
}

/// Names the file and the attempt in the error of a system call.
///
/// - Parameters:
///   - path: the file.
///   - what: what was attempted, as in `cannot open`.
///   - call: the system calls.
@inline(__always)
package func attempt<Result: ~Copyable>(
  _ path: @autoclosure () -> FilePath, _ what: @autoclosure () -> String, _ call: () throws(Errno) -> Result
) throws(LockFailure) -> Result {
  do throws(Errno) { return try call() } catch { throw LockFailure(error, path(), what()) }
}
