internal import CPosix
internal import Glibc
package import SystemPackage

/// A pipe from the programs that this process starts, which inherit the writing end, to itself.
package struct InheritedPipe: ~Copyable {
  /// Reading does not wait.
  package let reading: Descriptor
  package let writing: Descriptor

  package init() throws(Errno) {
    var ends: [CInt] = [-1, -1]
    try systemCheck { pipe(&ends) }
    _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
    _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    reading = Descriptor(owning: ends[0])
    writing = Descriptor(owning: ends[1])
  }
}
