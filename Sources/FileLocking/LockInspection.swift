internal import Glibc
package import LockPolicy
package import Posix
package import SystemPackage

/// Everything that can be seen of the lock on a file without touching it.
package struct LockInspection: Sendable {
  package let location: FileLocation
  package let policy: Policy
  package let lockPath: FilePath
  package let isLocal: Bool
  /// What has the lock file's name.
  package let sighting: LockSighting
  /// What another program wrote into its lock file.
  package let foreignText: String?
  /// How long ago the lock file was touched.
  package let age: Duration?
  /// Whether the age is by the clock of the lock file's server, or only by this host's.
  package let isServerTime: Bool
  /// The names in the permit directory; `nil` when there is none.
  package let permit: [FilePath]?
  /// What has the permit's name and keeps the caller from taking the lock, if there is such a thing; in words that follow
  /// the path.
  package let permitObstacle: String?
  /// The named posts of those who wait, and of those who were killed while they waited; `nil`: cannot be seen.
  package let posts: [LeftPost]?
  /// How the kernel names the line in which waiters stand, the lock file, and the file.
  package let queuePlace: FilePlace?
  package let lockPlace: FilePlace?
  package let filePlace: FilePlace?
  /// Whether somebody, on any host, has a record lock on the file that keeps readers out; `nil`: cannot be told.
  package let hasRecordLock: Bool?

  package init(_ location: FileLocation, policy: Policy, in place: borrowing LockDirectory) throws(LockFailure) {
    let name = location.lockName(policy)
    (self.location, self.policy, lockPath) = (location, policy, location.directory.entry(name))
    (isLocal, isServerTime) = (place.isLocal, place.isServerTime)
    sighting = try attempt(lockPath, "cannot examine") { () throws(Errno) in
      try LockSighting(of: name, in: place.directory, isLocal: place.isLocal)
    }
    age = sighting.identity.map { place.now.since($0.modified) }
    foreignText = sighting.isForeign ? try? Self.text(of: name, in: place.directory) : nil
    permit = Self.names(in: name.permitName, of: place.directory)
    permitObstacle = policy.method.contains(.dotlock) ? Self.obstacle(name.permitName, in: place.directory) : nil
    posts = place.names?.compactMap { LeftPost($0, beside: name, in: place) }
    queuePlace = Self.place(of: name.queueName, in: place.directory)
    lockPlace = Self.place(of: name, in: place.directory)
    filePlace = Self.place(of: location.name, in: place.directory)
    hasRecordLock = try? place.directory.open(location.name, [.readOnly, .noFollow, .unsuspecting])
      .hasForeignRecordLock()
  }

  private static func names(in name: FilePath, of directory: borrowing Directory) -> [FilePath]? {
    do throws(Errno) {
      return try directory.subdirectory(name).names()
    } catch {
      // It is there, and somebody else's.
      return error == .permissionDenied ? [] : nil
    }
  }

  /// Whoever takes the lock has to remove the permit's directory.
  private static func obstacle(_ name: FilePath, in directory: borrowing Directory) -> String? {
    guard let permit = try? directory.status(of: name) else { return nil }
    let whose = "\(permit.kind) of user \(permit.owner)"
    guard permit.isDirectory else { return "is \(whose)" }
    let user = geteuid()
    guard user != 0, permit.owner != user, let parent = try? directory.status() else { return nil }
    return parent.isSticky && parent.owner != user ? "is \(whose), who alone may remove it here" : nil
  }

  private static func text(of name: FilePath, in directory: borrowing Directory) throws(Errno) -> String {
    let file = try directory.open(name, [.readOnly, .noFollow, .unsuspecting])
    return String(decoding: try file.bytes(atMost: 256, from: 0), as: UTF8.self)
  }

  private static func place(of name: FilePath, in directory: borrowing Directory) -> FilePlace? {
    guard let file = try? directory.open(name, [.pathOnly, .noFollow]) else { return nil }
    return FilePlace(of: file)
  }
}

// MARK: - What follows from it

extension LockInspection {
  /// The lock file.
  package var lock: SeenLock? { if case .lock(let lock) = sighting { lock } else { nil } }

  /// After this time without a touch the lock counts as left behind; `nil`: never.
  package var limit: Duration? { lock.flatMap { Staleness.limit(of: $0, policy.steal) } }

  /// The verdict of somebody who had also watched the lock file for as long as ``observation``; `nil` without one.
  package var staleness: Staleness? {
    guard let lock, let age else { return nil }
    let now = FileTime(nanoseconds: lock.identity.modified.nanoseconds &+ age.nanosecondCount)
    return Staleness(
      of: lock, now: now, watched: observation ?? .zero, isLocal: isLocal, policy.steal)
  }

  /// How long a thief watches it unchanged.
  package var observation: Duration? { lock.map { Staleness.observation(of: $0, isLocal: isLocal, policy.steal) } }

  /// Whether another lock file has the name by now, or none: not one that was only touched meanwhile.
  package func isOfAnotherLock(than other: LockInspection) -> Bool {
    guard let now = sighting.identity, let then = other.sighting.identity else {
      return sighting != other.sighting
    }
    return now.device != then.device || now.inode != then.inode || now.content != then.content
  }
}

extension LockSighting {
  fileprivate var isForeign: Bool { if case .lock(let lock) = self { lock.record == nil } else { false } }
}
