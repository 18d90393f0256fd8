package import LockPolicy
package import Posix
internal import SystemPackage

/// The file that is being locked, its directory, and the rules for it: what every strategy works on.
package struct LockTarget: ~Copyable {
  package let location: FileLocation
  package let policy: Policy
  package let directory: Directory
  /// The names beside the file that its lock may need.
  let lockName, permitName, queueName: FilePath
  /// Whether the local rules apply, or the network ones.
  let isLocal: Bool
  /// Whether the kernel answers by itself, whatever the rules are.
  let isOnLocalFileSystem: Bool
  /// Who will hold the lock, for the record.
  let holder: LockRecord.Holder
  /// Whether the kernel methods let others read meanwhile.
  let isShared: Bool
  /// The locked file itself, once somebody has had to open it.
  private(set) var file: OpenedFile?
  /// The moment after which the holder is no longer inside its lease; `nil`: no end.
  private(set) var leaseEnd: BootTime?
  /// The end of the lease within which somebody else holds a part of the lock for us.
  var leaseLimit: BootTime?
  /// The one lock file that is taken away whatever its age is, because an administrator says so.
  var evicted: LockIdentity?
  /// What has been stolen on the way, in words for people.
  var thefts: [String] = []

  init(
    _ location: FileLocation, policy: Policy, holder: LockRecord.Holder, isShared: Bool, isLocal: Bool?
  ) throws(LockFailure) {
    let directory = try attempt(location.directory, "cannot open the directory") { () throws(Errno) in
      try Directory(location.directory)
    }
    let answersItself = if isLocal == true { true } else { try Self.isLocal(directory) }
    isOnLocalFileSystem = answersItself
    self.isLocal = if let isLocal { isLocal } else { answersItself }
    self.directory = directory
    self.location = location
    lockName = location.lockName(policy)
    permitName = lockName.permitName
    queueName = lockName.queueName
    self.policy = policy
    self.holder = holder
    self.isShared = isShared
  }

  static func isLocal(_ directory: borrowing Directory) throws(LockFailure) -> Bool {
    do throws(Errno) {
      return FileSystemType(magic: try directory.fileSystemMagic()).isLocal
    } catch {
      throw LockFailure(error, directory.path, "cannot examine the file system")
    }
  }

  var path: FilePath { location.path }
  var lockPath: FilePath { location.directory.entry(lockName) }
  var permitPath: FilePath { location.directory.entry(permitName) }

  /// Whether the holder is inside its lease.
  var isInsideLease: Bool { leaseEnd.map { BootTime.now < $0 } ?? true }

  /// Whether the lock file may still be taken away: thieves wait until the whole length is over, and the supervisor of a
  /// program needs the time that is kept for the kill.
  var mayRelease: Bool {
    let grace = holder == .program ? policy.lease.kill : .zero
    return leaseEnd.map { BootTime.now < $0 + grace } ?? true
  }

  /// Lets the lease begin now.
  mutating func startLease() {
    leaseEnd = leaseLimit
    guard let inside = policy.lease.inside else { return }
    let own = BootTime.now + inside
    if let limit = leaseLimit, limit < own { return }
    leaseEnd = own
  }

  /// Opens the file, if it is not open, by the policy's rules.
  mutating func openFile() throws(LockFailure) {
    if file == nil { file = try OpenedFile.open(self) }
  }

  /// Opens the file, if it is there and not open.
  ///
  /// - Returns: false when there is no such file.
  mutating func openExistingFile() throws(LockFailure) -> Bool {
    if file == nil { file = try OpenedFile.openExisting(self) }
    switch file {
    case .none: return false
    case .some: return true
    }
  }

  mutating func closeFile() { file = nil }

  /// Whether the file is open, and was made when it was opened.
  var madeFile: Bool {
    switch file {
    case .none: false
    case .some(let file): file.wasCreated
    }
  }

  /// Whether the policy has the file locked by a kernel method before the lock file is taken.
  var isLockedBeforeDotlock: Bool { policy.method.methods.first != .dotlock && policy.method.contains(.dotlock) }

  /// How many names the file may have before the lock file is ours: one, or two where the other one may be in a permit, of
  /// a replacement by network rules that was cut short. Whoever takes the lock finishes it or takes it back.
  func namesAllowed(_ file: FileStatus) -> UInt64 {
    file.links == 2 && (try? directory.status(of: permitName)) != nil ? 2 : 1
  }

  /// Takes away the second name of a file whose replacement was cut short right before its end: where it had been moved
  /// out of the permit, see ``Permit/remove(_:_:)``, and where whoever was killed would have removed it.
  ///
  /// - Returns: whether there was one.
  func removeLeftName(of file: FileStatus) -> Bool {
    guard file.links == 2,
      let name = try? directory.name(of: file, beginningWith: lockName.appendingToName("."))
    else { return false }
    return (try? directory.unlink(name)) != nil
  }

  /// Whether the path still leads to the file that is open.
  func pathLeadsToFile() throws(LockFailure) -> Bool {
    do throws(Errno) {
      guard let open = try withFile({ (file) throws(Errno) in try file.status() }) else { return false }
      return try directory.status(of: location.name).isSameFile(as: open)
    } catch {
      if error == .noSuchFileOrDirectory { return false }
      throw LockFailure(error, path, "cannot examine")
    }
  }

  /// Whether a kernel lock was taken, before the lock file, on a file that was only made for that: nothing is in it, and
  /// whoever waits for that lock opens anew what has the name by then.
  var hasLockedNothing: Bool {
    guard isLockedBeforeDotlock, (try? pathLeadsToFile()) == true else { return false }
    return (try? withFile({ (file) throws(Errno) in try file.status().size })) == 0
  }

  /// Calls `body` with the open file; `nil` when none is open.
  func withFile<Result>(_ body: (borrowing Descriptor) throws(Errno) -> Result) throws(Errno) -> Result? {
    switch file {
    case .none: return nil
    case .some(let file): return try body(file.descriptor)
    }
  }
}
