internal import CPosix
internal import Glibc
package import SystemPackage

/// An open file that is closed once, by its owner.
package struct Descriptor: ~Copyable {
  package let raw: CInt

  package init(owning raw: CInt) { self.raw = raw }

  /// Closes, and reports what NFS reports only here.
  package consuming func close() throws(Errno) {
    let raw = self.raw
    discard self
    // Linux has let go of the descriptor even when close(2) says EINTR: closing again could hit a stranger's.
    if Glibc.close(raw) == -1, errno != EINTR { throw Errno(rawValue: errno) }
  }

  deinit { _ = Glibc.close(raw) }
}

extension Descriptor {
  package func status() throws(Errno) -> FileStatus {
    var status = stat()
    try systemCheck { fstat(raw, &status) }
    return FileStatus(status)
  }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
    try systemCall { Glibc.read(raw, buffer.baseAddress, buffer.count) }
  }

  package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(Errno) -> Int {
    try systemCall { pread(raw, buffer.baseAddress, buffer.count, off_t(offset)) }
  }

  /// At most `count` bytes from `offset`, in one pread(2).
  package func bytes(atMost count: Int, from offset: Int64) throws(Errno) -> [UInt8] {
    var failure: Errno?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      do throws(Errno) {
        filled = try read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// One write(2), which may write less than it was given.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(Errno) -> Int {
    try systemCall { Glibc.write(raw, bytes.baseAddress, bytes.count) }
  }

  /// Writes everything.
  package func writeAll(_ bytes: UnsafeRawBufferPointer) throws(Errno) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = try write(UnsafeRawBufferPointer(rebasing: rest))
      guard count > 0 else { throw .ioError }
      rest = rest.dropFirst(count)
    }
  }

  /// Writes everything from `offset` on.
  package func writeAll(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(Errno) {
    var (rest, offset) = (bytes[...], offset)
    while !rest.isEmpty {
      let piece = UnsafeRawBufferPointer(rebasing: rest)
      let count = try systemCall { pwrite(raw, piece.baseAddress, piece.count, off_t(offset)) }
      guard count > 0 else { throw .ioError }
      rest = rest.dropFirst(count)
      offset += Int64(count)
    }
  }

  /// pwrite(2) of one byte.
  package func write(_ byte: UInt8, at offset: Int64) throws(Errno) {
    var byte = byte
    guard try systemCall({ pwrite(raw, &byte, 1, off_t(offset)) }) == 1 else { throw .ioError }
  }

  /// Writes everything.
  package func writeAll(_ bytes: [UInt8]) throws(Errno) {
    try bytes.span.bytes.withUnsafeBytes { (bytes) throws(Errno) in try writeAll(bytes) }
  }

  package func synchronize() throws(Errno) { try systemCheck { fsync(raw) } }

  package func truncate(to length: Int64) throws(Errno) { try systemCheck { ftruncate(raw, off_t(length)) } }

  package func setMode(_ mode: UInt32) throws(Errno) { try systemCheck { fchmod(raw, mode) } }

  package func setOwner(_ user: UInt32) throws(Errno) { try setOwner(user, group: .max) }

  package func setGroup(_ group: UInt32) throws(Errno) { try setOwner(.max, group: group) }

  package func setOwner(_ user: UInt32, group: UInt32) throws(Errno) { try systemCheck { fchown(raw, user, group) } }

  /// Sets both times to now, by the clock of the file's server.
  package func touch() throws(Errno) { try systemCheck { futimens(raw, nil) } }

  package func setTimes(accessed: FileTime, modified: FileTime) throws(Errno) {
    let times = [accessed.timespec, modified.timespec]
    try systemCheck { futimens(raw, times) }
  }

  /// Sets the time of the last reading, and leaves that of the last writing alone.
  package func setAccessed(_ time: FileTime) throws(Errno) {
    let times = [time.timespec, Glibc.timespec(tv_sec: 0, tv_nsec: cposix_utime_omit)]
    try systemCheck { futimens(raw, times) }
  }

  /// Has the file's bytes read anew from where it really is, except what this host has not written back yet.
  package func forgetCachedBytes() { posix_fadvise(raw, 0, 0, POSIX_FADV_DONTNEED) }

  /// Reports what only close(2) would, while the file stays open for repairs: NFS writes back, and says so if it cannot,
  /// whenever any descriptor of the file is closed.
  package func reportCloseError() throws(Errno) {
    try duplicate().close()
  }

  /// Another descriptor of the same open file: they share its kernel locks.
  package func duplicate() throws(Errno) -> Descriptor {
    Descriptor(owning: try systemCall { cposix_duplicate(raw) })
  }
}

// MARK: - Kernel locks

extension Descriptor {
  /// Takes a whole-file lock of this open file description, without waiting.
  ///
  /// - Parameters:
  ///   - shared: whether others may do the same.
  ///   - limit: how long the file system may take to answer, if it is one that may never do so; `timedOut` is thrown then.
  /// - Returns: false when somebody else holds a lock that excludes it.
  package func tryRecordLock(shared: Bool = false, within limit: Duration? = nil) throws(Errno) -> Bool {
    try lockResult { ask(CPOSIX_RECORD_LOCK, shared ? F_RDLCK : F_WRLCK, limit) }
  }

  package func releaseRecordLock() throws(Errno) {
    try systemCheck { cposix_ofd_lock(raw, cposix_f_ofd_setlk, Int16(F_UNLCK)) }
  }

  /// Whether somebody else holds a write lock; works on a descriptor that is open for reading only.
  package func hasForeignRecordLock(within limit: Duration? = nil) throws(Errno) -> Bool {
    try systemCall { ask(CPOSIX_RECORD_CONFLICT, F_RDLCK, limit) } == 1
  }

  /// Shares a lock on the file's first byte with whoever else does, to be counted by ``isShared()``.
  package func share() throws(Errno) {
    try systemCheck { cposix_ofd_byte(raw, cposix_f_ofd_setlk, Int16(F_RDLCK), 0) }
  }

  /// Whether somebody else does.
  package func isShared() throws(Errno) -> Bool {
    try systemCall { cposix_ofd_byte(raw, cposix_f_ofd_getlk, Int16(F_WRLCK), 0) } == 1
  }

  /// Takes flock(2) without waiting; the rest is as for ``tryRecordLock(shared:within:)``.
  package func tryFlock(shared: Bool = false, within limit: Duration? = nil) throws(Errno) -> Bool {
    try lockResult { ask(CPOSIX_FLOCK, shared ? LOCK_SH : LOCK_EX, limit) }
  }

  private func ask(_ request: cposix_request, _ type: CInt, _ limit: Duration?) -> CInt {
    guard let limit else { return cposix_ask(raw, request, type) }
    let (seconds, attoseconds) = limit.components
    return cposix_ask_within(
      raw, request, type, CInt(min(seconds, 1 << 20) * 1000 + attoseconds / 1_000_000_000_000_000))
  }

  package func releaseFlock() throws(Errno) { try systemCheck { flock(raw, LOCK_UN) } }

  private func lockResult(_ call: () -> CInt) throws(Errno) -> Bool {
    do throws(Errno) {
      try systemCheck(call)
      return true
    } catch {
      if error == .resourceTemporarilyUnavailable || error == .permissionDenied { return false }
      throw error
    }
  }

  /// Asks for a write lease, which the kernel grants only where no other descriptor of the file is open.
  ///
  /// - Returns: false when somebody has the file open, or the file system has no leases.
  package func isOpenNowhereElse() -> Bool { cposix_try_write_lease(raw) == 0 }
}
