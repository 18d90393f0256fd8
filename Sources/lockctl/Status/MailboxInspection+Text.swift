internal import LockPolicy
internal import Mailbox
internal import Posix
internal import SystemPackage

// What people read of the files that deliveries leave beside a mailbox.
extension MailboxInspection {
  func rows(_ writer: OtherProcess?) -> [[String]] {
    (journal?.rows(writer) ?? []) + (keptLists ?? []).map(Self.row) + (setAside ?? []).map(Self.row)
  }

  private static func row(_ list: (name: FilePath, list: KeptList?)) -> [String] {
    let whose = list.list.map { "\($0.text), for the next maildir2mbox to remove there" } ?? "not ours to believe"
    return ["list", "\(list.name): \(whose)"]
  }

  private static func row(_ aside: FilePath) -> [String] {
    ["aside", "\(aside): a journal that was not followed"]
  }
}

extension JournalInspection {
  fileprivate func rows(_ process: OtherProcess?) -> [[String]] {
    let made = "\(path), of user \(user), made \(age.readable) ago"
    var rows = [["journal", content == nil ? made : "\(made) \(whose(process))"]]
    if let content { rows.append(["record", content.text]) }
    rows.append(["recovery", writer == .alive ? "not while its writer has the lock; after that \(plan)" : "\(plan)"])
    return rows
  }

  private func whose(_ process: OtherProcess?) -> String {
    switch writer {
    case .alive: "by \(process?.text ?? "a process"), which is at work"
    case .gone: "by a process that is gone"
    case .unknown: "by a process that may live, here or on another host"
    }
  }
}

extension JournalInspection.Content {
  fileprivate var text: String {
    let part =
      switch present {
      case .none: "\(recordLength) bytes, of which it cannot be told what is in the mailbox"
      case recordLength: "all \(recordLength) bytes are in the mailbox"
      case .some(let present): "\(present) of \(recordLength) bytes are in the mailbox"
      }
    return "\(part), which had \(mailboxLength) bytes before" + (list.map { "; \($0.text)" } ?? "")
  }
}

extension KeptList {
  fileprivate var text: String { "\(messages) message\(messages == 1 ? "" : "s") of \(maildir)" }
}
