internal import CPosix
internal import Glibc
package import SystemPackage

/// The one place where EINTR is retried: runs a system call until it is done or has failed for another reason.
@inline(__always)
func systemCall<Result: SignedInteger & FixedWidthInteger>(_ call: () -> Result) throws(Errno) -> Result {
  while true {
    let result = call()
    if result != -1 { return result }
    let code = Errno(rawValue: errno)
    if code != .interrupted { throw code }
  }
}

/// A call whose result says no more than that it went well.
@inline(__always)
func systemCheck(_ call: () -> CInt) throws(Errno) { _ = try systemCall(call) }

extension Errno {
  /// Whether what was asked for is not there any more, or not under that name: to an NFS client it may be stale instead.
  package var meansGone: Bool { self == .noSuchFileOrDirectory || self == .staleNFSFileHandle }
}

extension FilePath {
  /// `withPlatformString` that keeps the error's type.
  @inline(__always)
  func call<Result>(_ body: (UnsafePointer<CChar>) throws(Errno) -> Result) throws(Errno) -> Result {
    // Not Swift.Result: instantiating it once costs more than all the system calls of a delivery together.
    var failure = Errno(rawValue: 0)
    let result = withPlatformString { path -> Result? in
      do throws(Errno) {
        return try body(path)
      } catch {
        failure = error
        return nil
      }
    }
    guard let result else { throw failure }
    return result
  }
}
