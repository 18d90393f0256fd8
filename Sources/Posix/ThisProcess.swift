internal import Glibc
package import SystemPackage

/// This process, as the kernel knows it.
package enum ThisProcess {
  package static var id: Int32 { getpid() }

  /// read(2) of standard input.
  package static func readStandardInput(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
    try systemCall { read(STDIN_FILENO, buffer.baseAddress, buffer.count) }
  }
}
