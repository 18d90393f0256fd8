internal import FileLocking
internal import LockPolicy
internal import SystemPackage

extension HeldLock {
  /// Takes back what a failed delivery has written, if the lock is proven ours and the bytes are.
  ///
  /// - Returns: the failure to report; it says so if something had to stay.
  mutating func undo(
    _ delivery: inout Delivery, _ spool: borrowing Spool, after failure: LockFailure
  ) -> LockFailure {
    let place = delivery.place
    // First of all, and for whoever finds the journal if nothing else succeeds.
    delivery.journal.mark(place.isTouched ? .failed : .void)
    var obstacle: LockFailure?
    do throws(LockFailure) {
      if place.isTouched { try takeBack(place, spool) } else { restoreAccessTime(place.before.accessed) }
    } catch {
      obstacle = error
    }
    // Not earlier: until then we write. A process at its limit of descriptors needs this one to remove the name.
    delivery.journal.close()
    if let obstacle {
      if delivery.journal.isThere, obstacle.kind == .refused { _ = try? setAside(because: obstacle.what) }
      let reason = obstacle.what == failure.what ? "" : ": \(obstacle.what)"
      return LockFailure(failure.kind, failure.path, "\(failure.what); what was written so far stays\(reason)")
    }
    if delivery.journal.isThere { removeJournal() }
    removeIfCreated()
    return failure
  }

  /// Takes away a journal that says itself that it is over.
  mutating func removeJournal() {
    let name = journal.name
    for _ in 0..<3 {
      do throws(LockFailure) { return try remove(name) } catch { if error.kind == .lost { return } }
    }
  }

  private mutating func takeBack(_ place: AppendPlace, _ spool: borrowing Spool) throws(LockFailure) {
    try prove()
    guard try pathLeadsToFile() else { throw LockFailure(.lost, location.path, "was replaced meanwhile") }
    switch try find(place, spool) {
    case .nothing, .part, .whole: try cut(place)
    case .hollow, .wholeAndMore, .other:
      throw LockFailure(.refused, location.path, "another program has written to it meanwhile")
    }
  }
}
