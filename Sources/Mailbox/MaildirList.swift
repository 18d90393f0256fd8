internal import FileLocking
internal import Posix
internal import SystemPackage

/// The files of a maildir whose messages are in a record, as a journal keeps them behind it: once the record is whole in
/// the mailbox, whoever finds the journal removes them.
///
/// The maildir's path, and for each file `inode/folder/name`, each ended by a null byte.
struct MaildirList: Equatable {
  let maildir: FilePath
  let messages: [MovedMessage]

  var bytes: [UInt8] {
    var bytes = maildir.bytes + [0]
    for message in messages {
      bytes += "\(message.inode)/\(message.folder.rawValue)/".utf8
      bytes += message.name.bytes
      bytes.append(0)
    }
    return bytes
  }

  init(_ maildir: FilePath, _ messages: [MovedMessage]) { (self.maildir, self.messages) = (maildir, messages) }

  /// - Returns: `nil` for what is no list, as the zeros are that a power cut leaves in a file.
  init?(_ bytes: [UInt8]) {
    guard bytes.first == UInt8(ascii: "/"), bytes.last == 0 else { return nil }
    let items = bytes.dropLast().split(separator: 0, omittingEmptySubsequences: false)
    var messages: [MovedMessage] = []
    for item in items.dropFirst() {
      guard let message = MovedMessage(item) else { return nil }
      messages.append(message)
    }
    self.init(FilePath(bytes: Array(items[0])), messages)
  }
}

/// A file of a maildir whose message is in a mailbox.
struct MovedMessage: Equatable {
  let folder: Maildir.Folder
  let name: FilePath
  let inode: UInt64

  init(_ message: MaildirMessage) { (folder, name, inode) = (message.folder, message.name, message.inode) }

  fileprivate init?(_ text: ArraySlice<UInt8>) {
    let parts = text.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    // A name is never a path: it must not lead out of the maildir.
    guard parts.count == 3, !parts[2].isEmpty, parts[2].first != UInt8(ascii: "."),
      let inode = UInt64(String(decoding: parts[0], as: UTF8.self)),
      let folder = Maildir.Folder(rawValue: String(decoding: parts[1], as: UTF8.self))
    else { return nil }
    (self.inode, self.folder, name) = (inode, folder, FilePath(bytes: Array(parts[2])))
  }

  /// What stays the same in the name when a mail reader changes the flags behind it.
  var base: [UInt8] { name.bytes.maildirBase }
}

extension [UInt8] {
  /// The part of a message's name before the flags.
  var maildirBase: [UInt8] { Array(prefix { $0 != UInt8(ascii: ":") }) }
}
