public import SystemPackage

/// What became of a journal that another delivery had left behind.
public enum Recovery: Sendable, Equatable {
  /// There was none.
  case nothing
  /// Nothing of its message was in the mailbox.
  case dropped
  /// That many bytes were cut off: the beginning of a message.
  case cut(bytes: Int64)
  /// The message is whole, and stays.
  case completed
  /// The messages are whole, and stay; the files that they were could not be removed, and their list has this name now.
  case listKept(name: FilePath)
  /// It was not followed, and has this name now.
  case setAside(name: FilePath, reason: String)
  /// It was not followed, and is still there.
  case left(reason: String)
}

extension Recovery: CustomStringConvertible {
  /// What was done, to continue a line that begins with the journal's path.
  public var description: String {
    switch self {
    case .nothing: "is not there: nothing is to be recovered"
    case .dropped, .cut, .completed: "removed: \(finding)"
    case .listKept(let name): "renamed to \(name) for maildir2mbox: \(finding)"
    case .setAside(let name, let reason): "not followed, and renamed to \(name): \(reason)"
    case .left(let reason): "left where it is: \(reason)"
    }
  }

  /// What the mailbox was found to be.
  var finding: String {
    switch self {
    case .nothing, .dropped: "nothing of its message was in the mailbox"
    case .cut(let bytes): "\(bytes) bytes of an unfinished message were cut off"
    case .completed: "its message is whole in the mailbox"
    case .listKept: "its messages are whole in the mailbox, and still in the maildir"
    case .setAside(_, let reason), .left(let reason): reason
    }
  }
}
