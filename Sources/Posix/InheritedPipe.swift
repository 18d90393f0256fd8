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

  /// What has been written until now, and not read yet, up to a pipe's capacity.
  package func contents() -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 65536) { buffer, filled in
      filled = (try? reading.read(into: UnsafeMutableRawBufferPointer(buffer))) ?? 0
    }
  }
}
