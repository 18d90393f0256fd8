internal import Glibc
package import SystemPackage

/// This process, as the kernel knows it.
package enum ThisProcess {
  package static var id: Int32 { getpid() }

  /// The process that started this one; 0 when it is out of sight, in another pid namespace.
  package static var parent: Int32 { getppid() }

  /// Whether it is a member of a group.
  package static func isIn(group: UInt32) throws(Errno) -> Bool {
    if getegid() == group { return true }
    var groups = [gid_t](repeating: 0, count: Int(try systemCall { getgroups(0, nil) }))
    let count = try systemCall { getgroups(CInt(groups.count), &groups) }
    return groups.prefix(Int(count)).contains(group)
  }

  /// read(2) of standard input.
  package static func readStandardInput(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
    try systemCall { read(STDIN_FILENO, buffer.baseAddress, buffer.count) }
  }
}
