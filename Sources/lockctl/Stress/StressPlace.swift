internal import FileLocking
internal import Posix
internal import SystemPackage

/// The directory of a run: the record that it shares with other runs, and what is left in the end.
struct StressPlace: ~Copyable {
  private let plan: StressPlan
  private let directory: Directory
  /// Locked for reading as long as this run lasts: whoever gets it for writing is the last.
  private let record: Descriptor
  private let killed: Descriptor

  /// Prepares the directory.
  ///
  /// - Throws: `LockFailure`: the file is there, and no other run has made it.
  static func prepare(_ plan: StressPlan, run: UInt64) throws(LockFailure) -> StressPlace {
    let directory = try attempt(plan.location.directory, "cannot open the directory") { () throws(Errno) in
      try Directory(plan.location.directory)
    }
    let isSecond = (try? directory.status(of: plan.recordName)) != nil
    if let file = try? directory.status(of: plan.location.name), !isSecond || file.size > 0 || !file.isRegular {
      throw LockFailure(.refused, plan.location.path, "is there: a file for this must not be in use")
    }
    let record = try attempt(plan.location.path, "cannot prepare") { () throws(Errno) in
      try Self.join(plan.recordName, directory)
    }
    let killed = try attempt(plan.location.path, "cannot prepare") { () throws(Errno) in
      let flags: OpenFlags = [.writeOnly, .append, .create, .exclusive]
      return try directory.open(killedName(run, plan.recordName), flags, mode: 0o644)
    }
    return StressPlace(plan: plan, directory: directory, record: record, killed: killed)
  }

  private static func join(_ name: FilePath, _ directory: borrowing Directory) throws(Errno) -> Descriptor {
    while true {
      let record = try directory.open(name, [.readWrite, .create], mode: 0o644)
      // Another run may be about to take it away, or have done so between our open and our lock.
      if try record.tryRecordLock(shared: true), let now = try? directory.status(of: name),
        now.isSameFile(as: try record.status())
      {
        return record
      }
      sleepThrough(.milliseconds(1))
    }
  }

  // MARK: - Whom the parents have killed

  // A killed worker's entry in the shared record tells until when it would have stayed. Its lock may be free long
  // before, and the next holder, of another run, has to know: so this is written before the signal is sent.
  func noteKill(of worker: Int) throws(LockFailure) {
    try attempt(plan.location.directory.entry(plan.recordName), "cannot write") { () throws(Errno) in
      try killed.writeAll([Int64(worker)].withUnsafeBytes { Array($0) })
      // An NFS client sends it now, as it would on close.
      try killed.reportCloseError()
    }
  }

  static func killed(_ run: UInt64, _ record: FilePath, _ directory: borrowing Directory) throws(Errno) -> [Int] {
    try directory.open(killedName(run, record), .readOnly).numbers().map { Int($0) }
  }

  private static func killedName(_ run: UInt64, _ record: FilePath) -> FilePath {
    record.appendingToName(".\(String(run, radix: 36))")
  }

  // MARK: - Clock steps

  /// Sets the lock file's time to that of the clock and a bit.
  ///
  /// - Returns: whether there was a lock file.
  func stepClock(by step: Duration) throws(Errno) -> Bool {
    do throws(Errno) {
      let lock = try directory.open(plan.lockName, [.readOnly, .noFollow, .unsuspecting])
      let time = FileTime(nanoseconds: try lock.status().modified.nanoseconds + step.nanosecondCount)
      try lock.setTimes(accessed: time, modified: time)
      return true
    } catch {
      guard error.meansGone else { throw error }
      return false
    }
  }

  // MARK: - The end

  /// The last run takes everything away.
  consuming func leave() throws(Errno) {
    guard try record.tryRecordLock() else { return }
    for name in try directory.names() where plan.owns(name) { try directory.removeWhole(name) }
  }
}

extension Directory {
  /// Removes a file, or a directory of files; the one that is not there is removed already.
  fileprivate func removeWhole(_ name: FilePath) throws(Errno) {
    do throws(Errno) {
      try unlink(name)
    } catch {
      guard error == .isDirectory || error == .notPermitted else {
        if error == .noSuchFileOrDirectory { return }
        throw error
      }
      let inner = try Directory(path.entry(name))
      for name in try inner.names() { try inner.removeWhole(name) }
      try removeDirectory(name)
    }
  }
}
