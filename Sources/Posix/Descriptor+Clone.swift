internal import CPosix
package import SystemPackage

extension Descriptor {
  /// Makes this file a copy of another one that shares its blocks until either is written to (FICLONE).
  package func clone(_ other: borrowing Descriptor) throws(Errno) {
    let other = other.raw
    try systemCheck { cposix_clone(raw, other) }
  }
}
