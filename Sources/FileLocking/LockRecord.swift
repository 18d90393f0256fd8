internal import LockPolicy
internal import Posix

/// What a lock file of this toolkit says about its holder, in at most 15 bytes: `PID~KL` and a newline; of a
/// script also four characters left to chance.
///
/// People and old tools read the pid; `~` is in no other program's lock file; K is the kind of holder; L is the
/// holder's own staleness limit, so that hosts with different policies do not rob each other. At most 15 bytes,
/// because procmail never breaks a longer lock file than 16 and dotlockfile -p overruns its buffer at 16.
package struct LockRecord: Sendable, Equatable {
  /// Who holds the lock, and so what the kernel's locks on the lock file can prove.
  package enum Holder: UInt8, Sendable, CaseIterable {
    /// The process that writes: when its kernel lock is gone, so is the writer.
    case writer = 0x77  // w
    /// The same by network rules, without a kernel lock: to take the lack of one for a death would rob the living.
    case remoteWriter = 0x6E  // n
    /// A supervised program: its children may live on, so only age counts.
    case program = 0x70  // p
    /// A script that left the lock behind on purpose: only age counts.
    case script = 0x73  // s
    /// The last two by network rules: this host's kernel does not know who has the locked file open.
    case remoteProgram = 0x71  // q
    case remoteScript = 0x74  // t

    /// The same by network rules.
    var remote: Holder {
      switch self {
      case .writer, .remoteWriter: .remoteWriter
      case .program, .remoteProgram: .remoteProgram
      case .script, .remoteScript: .remoteScript
      }
    }

    var isScript: Bool { remote == .remoteScript }
  }

  package let pid: Int32
  package let holder: Holder
  /// Whether whoever takes this lock over must replace the mailbox's inode first; the letter is then a capital.
  package let owesFence: Bool
  /// The holder's own `steal.after`, rounded up; `nil` means never.
  package let limit: Duration?
  /// What tells a script's lock from the next one whose script has the same process id, as scripts in containers do, and
  /// whose file has the same inode number: nobody keeps a script's lock file open, and its time stamp moves.
  let mark: [UInt8]

  package init(pid: Int32, holder: Holder, owesFence: Bool = false, limit: Duration?, mark: [UInt8] = []) {
    (self.pid, self.holder, self.owesFence, self.mark) = (pid, holder, owesFence, mark)
    self.limit = StalenessScale.roundedUp(limit)
  }

  /// The same holder with or without the debt of a fence.
  init(_ other: LockRecord, owesFence: Bool) {
    (pid, holder, limit, mark, self.owesFence) = (other.pid, other.holder, other.limit, other.mark, owesFence)
  }

  /// Reads a lock file's content; `nil` for every other program's.
  ///
  /// Zeros are what a power cut leaves of a record that was not on disk yet. Whoever wrote it went down with the machine,
  /// if the kernel knows of nobody who has the file locked.
  package init?(_ bytes: [UInt8]) {
    if !bytes.isEmpty, bytes.count <= Self.longest, bytes.allSatisfy({ $0 == 0 }) {
      (pid, holder, owesFence, limit, mark) = (0, .writer, false, .zero, [])
      return
    }
    guard bytes.count <= Self.longest, bytes.last == UInt8(ascii: "\n"),
      let tilde = bytes.firstIndex(of: UInt8(ascii: "~")),
      let pid = Int32(String(decoding: bytes[..<tilde], as: UTF8.self)), pid > 0
    else { return nil }
    let rest = Array(bytes[tilde...])
    guard rest.count >= 4, let holder = Holder(rawValue: rest[1] | 0x20),
      let limit = StalenessScale.limit(for: rest[2]), rest.count == 4 || (rest.count == 8 && holder.isScript)
    else { return nil }
    (self.pid, self.holder, self.owesFence, self.limit) = (pid, holder, rest[1] & 0x20 == 0, limit)
    mark = Array(rest[3..<(rest.count - 1)])
  }

  package static let longest = 15

  /// The lock file's content.
  package var bytes: [UInt8] {
    Array("\(pid)~".utf8) + [kind, StalenessScale.character(for: limit)] + mark + [UInt8(ascii: "\n")]
  }

  /// The letter for the kind of holder, and where it stands in ``bytes``.
  var kindLetter: (letter: UInt8, position: Int64) { (kind, Int64(bytes.count - 3 - mark.count)) }

  private var kind: UInt8 { owesFence ? holder.rawValue & ~0x20 : holder.rawValue }
}

extension LockRecord {
  /// A script's record. The script is whoever started this process: this one will be gone when people read it.
  static func ofScript(_ holder: Holder, limit: Duration?) -> LockRecord {
    let pid = ThisProcess.parent > 0 ? ThisProcess.parent : ThisProcess.id
    let room = longest - LockRecord(pid: pid, holder: holder, limit: limit).bytes.count
    let mark = (0..<4).compactMap { _ in StalenessScale.characters.randomElement() }
    return LockRecord(pid: pid, holder: holder, limit: limit, mark: room >= mark.count ? mark : [])
  }
}

/// Durations as one character: 125 ms times the cube root of two to the power of the character's rank, which reaches
/// from an eighth of a second to 46 hours in steps of a quarter; `-` is for ever.
private enum StalenessScale {
  static let characters = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
  private static let never = UInt8(ascii: "-")

  static func character(for limit: Duration?) -> UInt8 {
    guard let limit else { return never }
    return characters.indices.first { duration(ofRank: $0) >= limit }.map { characters[$0] } ?? never
  }

  /// Outer `nil`: not a character of the scale; inner `nil`: never.
  static func limit(for character: UInt8) -> Duration?? {
    if character == never { return .some(nil) }
    return characters.firstIndex(of: character).map { duration(ofRank: $0) }
  }

  static func roundedUp(_ limit: Duration?) -> Duration? {
    self.limit(for: character(for: limit)) ?? nil
  }

  /// Whole powers of two are exact; the two ranks between are the same factors everywhere.
  private static func duration(ofRank rank: Int) -> Duration {
    let thousandths: [Int64] = [1000, 1260, 1588]
    return .microseconds(125 * thousandths[rank % 3] << Int64(rank / 3))
  }
}
