internal import Glibc
package import SystemPackage

/// This process, as the kernel knows it.
package enum ThisProcess {
  package static var id: Int32 { getpid() }

  /// The process that started this one; 0 when it is out of sight, in another pid namespace.
  package static var parent: Int32 { getppid() }

  /// read(2) of standard input.
  package static func readStandardInput(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
    try systemCall { read(STDIN_FILENO, buffer.baseAddress, buffer.count) }
  }
}
