@testable internal import Mailbox
internal import Posix
internal import SystemPackage

/// A line `LENGTH PADDING STATE OPTIONS [RECORD]`, and in sections the mailbox, the message and the list of a maildir's
/// files: whatever the journal says, nothing is cut off and no file is removed that it does not prove to be its own.
///
/// The options are `t`, the mailbox's real tail before LENGTH in place of none; `f`, a forged one; `n`, network rules;
/// `m`, with the list, in which the inode `1` stands for the one of new/a, and `2` for the one of cur/b:2,S.
func checkRecovery(_ input: Input) {
  do {
    let place = try RecoveryPlace()
    let forged = ForgedJournal(input, place)
    try place.fill(mailbox: forged.mailbox, journal: forged.bytes)
    let recovery = try place.recover(isLocal: !forged.options.contains("n"))
    try check(place, forged, "\(recovery)")
  } catch {
    require(false, "a journal is in nobody's way: \(error)")
  }
}

private func check(_ place: RecoveryPlace, _ forged: ForgedJournal, _ recovery: String) throws {
  let outcome = forged.outcome
  let expected = outcome == .cut ? forged.oldMailbox : forged.mailbox
  require(try place.mailbox() == expected, "what is proven is cut off, and nothing else: \(recovery)")
  let others = try place.names().filter { $0 != "Mailbox" }
  let isAside = outcome == .setAside || outcome == .settled && forged.items == nil
  require(others.count == (isAside ? 1 : 0), "the journal is gone, and nothing else is left: \(others), \(recovery)")
  require(others.allSatisfy { $0.hasPrefix(".Mailbox.aside.") }, "\(others)")
  for file in place.files {
    let isListed = forged.items?.contains(where: file.isMeant) ?? false
    let isThere = try place.isThere(file)
    require(isThere == !(outcome == .settled && isListed), "a file goes when its message is safe: \(file), \(recovery)")
  }
}

/// A journal that somebody has made up, with the right checksum, a mailbox, and what follows from the two.
private struct ForgedJournal {
  enum Outcome { case setAside, dropped, cut, settled }

  let mailbox: [UInt8]
  let options: String
  private(set) var bytes: [UInt8]
  private let message: [UInt8]
  private let header: JournalHeader
  private let state: JournalHeader.State?
  /// What the list names; `nil` when it is damaged.
  let items: [ListItem]?

  init(_ input: Input, _ place: RecoveryPlace) {
    var input = input
    let words = input.line().text.split(separator: " ").map(String.init) + ["", "", "", "", ""]
    (options, mailbox, message) = (words[3], input.section(), input.section())
    let lines = options.contains("m") ? input.section().split(separator: 0x0A).map { $0.filter { $0 != 0 } } : []
    let items = lines.map { ListItem($0.text, place) }
    let list = options.contains("m") ? [place.maildir.string] + items.map(\.text) : []
    self.items = items.allSatisfy(\.isSound) ? items : nil

    let length = Int64(words[0]) ?? Int64(mailbox.count)
    let realTail = mailbox.prefix(Int(clamping: max(0, length))).suffix(OldEnd.tailLimit)
    let tail = options.contains("t") ? Array(realTail) : options.contains("f") ? Array("forged".utf8) : []
    let padding = max(0, min(Int(words[1]) ?? 0, 3))
    let listBytes: [UInt8] = list.flatMap { Array($0.utf8) + [0] }
    header = JournalHeader(
      before: OldEnd(length: length, tail: tail, accessed: .init(nanoseconds: 1), modified: .init(nanoseconds: 2)),
      padding: padding, recordLength: Int64(words[4]) ?? Int64(message.count + padding),
      listLength: Int64(listBytes.count))
    bytes = header.bytes + [0x0A, 0x0A] + message + listBytes
    state = JournalHeader.State(rawValue: words[2].utf8.first ?? 0x68)
    bytes[Int(JournalHeader.statePosition)] = words[2].utf8.first ?? 0x68
  }

  private var isSound: Bool {
    header.padding <= 2 && header.recordLength == message.count + header.padding && header.listLength <= 1 << 20
      && message.starts(with: "From ".utf8) && header.before.length >= header.before.tail.count
      && !header.before.length.addingReportingOverflow(header.recordLength).overflow
  }

  var oldMailbox: [UInt8] { Array(mailbox.prefix(Int(clamping: max(0, header.before.length)))) }

  var outcome: Outcome {
    guard isSound, let state else { return .setAside }
    if state == .void { return .dropped }
    if state == .done { return .settled }
    guard mailbox.count >= header.before.length, oldMailbox.suffix(header.before.tail.count) == header.before.tail[...]
    else { return .setAside }
    let added = mailbox[oldMailbox.count...]
    let record = [UInt8](repeating: 0x0A, count: header.padding) + message
    if added.isEmpty { return .dropped }
    if added.elementsEqual(record) { return state == .failed ? .cut : .settled }
    if record.starts(with: added) { return .cut }
    if added.starts(with: record) { return .settled }
    // What a power cut leaves: zeros, which are nobody's mail.
    let isHollow = added.count <= record.count && zip(added, record).allSatisfy { $0 == 0 || $0 == $1 }
    return isHollow ? .cut : .setAside
  }
}

/// `INODE/FOLDER/NAME`.
struct ListItem {
  let text: String
  private let parts: [Substring]

  init(_ text: String, _ place: RecoveryPlace) {
    let number = text.prefix { $0 != "/" }
    let file = place.files.first { $0.number == number }
    self.text = (file.map { String($0.inode) } ?? String(number)) + text.dropFirst(number.count)
    parts = self.text.split(separator: "/", omittingEmptySubsequences: false)
  }

  var inode: UInt64? { parts.first.flatMap { UInt64($0) } }
  /// The name without the flags.
  var base: Substring { (parts.last ?? "").prefix { $0 != ":" } }

  var isSound: Bool {
    parts.count == 3 && inode != nil && ["new", "cur"].contains(parts[1]) && !parts[2].isEmpty
      && !parts[2].hasPrefix(".")
  }
}
