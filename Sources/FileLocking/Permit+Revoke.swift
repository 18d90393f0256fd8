internal import Posix
internal import SystemPackage

extension Permit {
  /// Makes every permission worthless that was given until now, unless something was left in the directory.
  ///
  /// - Parameter isRequired: whether it is an error that somebody else's directory, in a sticky one, cannot be removed.
  /// - Returns: what was left there, which has to be cleared first; `nil` when the directory is gone.
  static func revoke(_ target: borrowing LockTarget, isRequired: Bool = true) throws(Errno) -> Leftovers? {
    var attempts = 0
    while true {
      do throws(Errno) {
        // An NFS client may remember for half a minute that there is no such directory. Making it asks the server.
        if !target.isLocal { try? target.directory.makeDirectory(target.permitName, mode: 0o700) }
        try target.directory.removeDirectory(target.permitName)
        return nil
      } catch {
        switch error {
        case .noSuchFileOrDirectory: return nil
        case .directoryNotEmpty, .fileExists:
          if let leftovers = try Leftovers.find(target) { return leftovers }
        // Root's, in a sticky directory: he is about to remove it himself, or was killed over it.
        case .notPermitted, .permissionDenied:
          guard isRequired else { return nil }
          sleepThrough(.milliseconds(10))
        default: throw error
        }
        attempts += 1
        guard attempts < 100 else { throw error }
      }
    }
  }

  /// What is in a permit's directory.
  struct Leftovers: ~Copyable {
    private let permit: Permit
    private let names: [FilePath]

    /// - Returns: `nil` when it is gone.
    fileprivate static func find(_ target: borrowing LockTarget) throws(Errno) -> Leftovers? {
      do throws(Errno) {
        let permit = Permit(directory: try target.directory.subdirectory(target.permitName))
        let names = try permit.directory.names()
        return Leftovers(permit: permit, names: names)
      } catch {
        guard error.meansGone else { throw error }
        return nil
      }
    }

    private init(permit: consuming Permit, names: [FilePath]) {
      self.permit = permit
      self.names = names
    }

    /// Calls `body` with each lock file after which a fence may be owed.
    ///
    /// - Parameter body: gets the lock file, and whether a fence is owed whatever is in it.
    func forEachStolen(
      _ target: borrowing LockTarget, _ body: (LockSighting, Bool) throws(Errno) -> Void
    ) throws(Errno) {
      for name in names {
        let isOwed = name.begins(with: Fate.owed)
        guard isOwed || name.begins(with: Fate.stolen) else { continue }
        try body(permit.sighting(of: name, isLocal: target.isLocal), isOwed)
      }
    }

    /// Removes what was there when it was looked at, and nothing that came later.
    func clear(_ target: borrowing LockTarget) throws(Errno) {
      // First of all, because whether its copy is still here tells whether it was replaced.
      for name in names where name.begins(with: Fate.displaced) { try permit.putBackFile(name, target) }
      for name in names {
        do throws(Errno) {
          if name.begins(with: Fate.kept) { try permit.bring(name, target) } else { try permit.remove(name, target) }
        } catch {
          switch error {
          case .noSuchFileOrDirectory, .staleNFSFileHandle: continue
          case .isDirectory: try permit.directory.removeDirectory(name)
          default: throw error
          }
        }
      }
    }
  }
}
