internal import CPosix
internal import Glibc
package import SystemPackage

extension Descriptor {
  /// Opens a file by its path; O_CLOEXEC is always added.
  package init(opening path: FilePath, _ flags: OpenFlags) throws(Errno) {
    self.init(
      owning: try path.call { (path) throws(Errno) in
        try systemCall { cposix_openat(AT_FDCWD, path, flags.rawValue | O_CLOEXEC, 0) }
      })
  }
}
