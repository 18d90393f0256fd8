internal import Glibc
internal import Posix
internal import SystemPackage

/// A copy of the locked file on its way to replace it.
///
/// It is made in the directory of a permit: whoever takes the lock later empties that first, so the replacement of
/// somebody who was late, too, finds nothing to replace the file with.
struct FileCopy: ~Copyable {
  private let permit: Permit
  private let name: FilePath
  private let descriptor: Descriptor

  static func make(_ target: borrowing LockTarget) throws(LockFailure) -> FileCopy {
    // Who leaves, or gives up a theft, takes the directory away while it is empty, but not for ever.
    for _ in 0..<100 {
      let permit = try attempt(target.permitPath, "cannot make") { () throws(Errno) in try Permit.obtain(target) }
      guard try isSafe(permit, target) else {
        throw LockFailure(.refused, target.permitPath, "is not safe: somebody else can write into it")
      }
      let name = UniqueName.prefixed(Permit.Fate.fence)
      do throws(Errno) {
        let flags: OpenFlags = [.readWrite, .create, .exclusive, .noFollow]
        let descriptor = try permit.directory.open(name, flags, mode: 0o600)
        return FileCopy(permit: permit, name: name, descriptor: descriptor)
      } catch {
        permit.giveUp(target)
        guard error.meansGone else {
          throw LockFailure(error, target.permitPath, "cannot copy the file")
        }
      }
    }
    throw LockFailure(.refused, target.permitPath, "appears and vanishes")
  }

  private static func isSafe(
    _ permit: borrowing Permit, _ target: borrowing LockTarget
  ) throws(LockFailure) -> Bool {
    try attempt(target.permitPath, "cannot examine") { () throws(Errno) in
      try permit.isSafe(target, owner: geteuid())
    }
  }

  private init(permit: consuming Permit, name: FilePath, descriptor: consuming Descriptor) {
    self.permit = permit
    self.name = name
    self.descriptor = descriptor
  }

  /// Becomes the same as another file: its first `length` bytes, and everything that is known of it, on disk.
  ///
  /// - Parameters:
  ///   - before: what is known of it.
  ///   - path: its path, for messages.
  ///   - onTheWay: called from time to time.
  func fill(
    from source: borrowing Descriptor, _ before: FileStatus, length: Int64, _ path: FilePath,
    onTheWay: () throws(LockFailure) -> Void
  ) throws(LockFailure) {
    try attempt(path, "cannot copy") { () throws(Errno) in try descriptor.truncate(to: 0) }
    if (try? descriptor.clone(source)) != nil {
      try attempt(path, "cannot copy") { () throws(Errno) in try descriptor.truncate(to: length) }
    } else {
      try copyPieces(of: source, length: length, path, onTheWay)
    }
    try attempt(path, "cannot copy") { () throws(Errno) in try resemble(source, before) }
    let now = try attempt(path, "cannot copy") { () throws(Errno) in try descriptor.status() }
    guard now.mode == before.mode, now.owner == before.owner, now.group == before.group else {
      throw LockFailure(.refused, path, "cannot be copied with its owner and permissions")
    }
  }

  private func copyPieces(
    of source: borrowing Descriptor, length: Int64, _ path: FilePath, _ onTheWay: () throws(LockFailure) -> Void
  ) throws(LockFailure) {
    var (offset, copied) = (Int64(0), 1)
    // At the end sooner than expected: that the file has changed is seen later.
    while offset < length, copied > 0 {
      copied = try attempt(path, "cannot copy") { () throws(Errno) in
        // In pieces that are soon on disk, too: nothing can be done for the lock while that is waited for.
        if offset > 0 { try descriptor.synchronize() }
        return try descriptor.copyPiece(of: source, at: offset, atMost: Int(min(Self.piece, length - offset)))
      }
      offset += Int64(copied)
      try onTheWay()
    }
  }

  private static let piece: Int64 = 16 << 20

  private func resemble(_ source: borrowing Descriptor, _ before: FileStatus) throws(Errno) {
    let now = try descriptor.status()
    if now.owner != before.owner || now.group != before.group {
      try descriptor.setOwner(before.owner, group: before.group)
    }
    try descriptor.setMode(before.mode & 0o7777)
    try descriptor.copyAttributes(of: source)
    // Mail readers tell by them whether there is new mail.
    try descriptor.setTimes(accessed: before.accessed, modified: before.modified)
    try descriptor.synchronize()
    try descriptor.reportCloseError()
  }

  /// Takes the file's place.
  consuming func replaceFile(_ target: borrowing LockTarget) throws(LockFailure) {
    // An NFS client would keep an open file as .nfsXXXX where it is removed.
    try? descriptor.close()
    var failure: Errno?
    do throws(Errno) {
      if try !permit.replaceFile(by: name, target) { failure = .noSuchFileOrDirectory }
    } catch {
      failure = error
    }
    if failure != nil { permit.discard(name) }
    permit.giveUp(target)
    switch failure {
    case nil: return
    case .noSuchFileOrDirectory, .staleNFSFileHandle:
      throw LockFailure(.lost, target.lockPath, "is not our lock any more")
    case .some(let error): throw LockFailure(error, target.path, "cannot replace")
    }
  }

  consuming func discard(_ target: borrowing LockTarget) {
    try? descriptor.close()
    permit.discard(name)
    permit.giveUp(target)
  }
}
