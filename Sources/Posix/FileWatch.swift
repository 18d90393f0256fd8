internal import CPosix
internal import Glibc
package import SystemPackage

/// Tells that a file has lost a name, was moved, or that somebody who could write into it has closed it (inotify).
package struct FileWatch: ~Copyable {
  private let descriptor: Descriptor

  /// Readable when something has happened since ``forget()``.
  package var raw: CInt { descriptor.raw }

  package init(_ path: FilePath) throws(Errno) {
    let descriptor = Descriptor(owning: try systemCall { inotify_init1(CInt(IN_NONBLOCK | IN_CLOEXEC)) })
    // An unlink shows as a change of attributes while the file is open, a holder's death only as the end of its writing.
    let events = IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF | IN_CLOSE_WRITE
    let mask = UInt32(events) | cposix_in_dont_follow
    let raw = descriptor.raw
    _ = try path.call { (path) throws(Errno) in try systemCall { inotify_add_watch(raw, path, mask) } }
    self.descriptor = descriptor
  }

  /// Sleeps until the descriptor has something to read, a signal handler has run, or the time is over.
  ///
  /// - Returns: whether there is something to read.
  @discardableResult
  package static func wait(_ descriptor: CInt, _ duration: Duration) -> Bool {
    var event = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    var time = duration.timespec
    return ppoll(&event, 1, &time, nil) == 1
  }

  /// Forgets what has happened.
  package func forget() {
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
      while let count = try? descriptor.read(into: buffer), count > 0 {}
    }
  }
}
