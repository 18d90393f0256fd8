internal import FileLocking
internal import LockPolicy

extension DocumentReader {
  /// What a rule looks at. To match nothing in particular a rule has no `match` at all: one that was emptied by
  /// mistake must not apply to every mailbox.
  func match(_ entry: Entry) throws(PolicyError) -> [MatchKey: [String]] {
    var match: [MatchKey: [String]] = [:]
    for inner in try mapping(entry) {
      guard let key = MatchKey(rawValue: inner.key) else { throw unknown(inner, in: .match) }
      match[key] = try patterns(inner, key)
    }
    guard !match.isEmpty else {
      throw error(entry.place, "'match' is empty; leave it out for a rule that applies to every mailbox")
    }
    return match
  }

  private func patterns(_ entry: Entry, _ key: MatchKey) throws(PolicyError) -> [String] {
    guard case .sequence(let items) = entry.value.content else { return [try pattern(entry.value, key)] }
    guard !items.isEmpty else {
      throw error(entry.value.place, "'\(key.rawValue)' names nothing, and would never match")
    }
    var patterns: [String] = []
    for item in items { patterns.append(try pattern(item, key)) }
    return patterns
  }

  private func pattern(_ node: Node, _ key: MatchKey) throws(PolicyError) -> String {
    guard case .scalar(let text, _) = node.content, !text.isEmpty else {
      throw error(node.place, "'\(key.rawValue)' takes a text or a sequence of texts, found \(node.noun)")
    }
    switch key {
    case .path: return try path(text, node.place)
    case .filesystem: return try filesystem(text, node.place)
    case .host, .user, .program: return text
    }
  }

  private func path(_ text: String, _ place: Place) throws(PolicyError) -> String {
    guard text.hasPrefix("/") || text.hasPrefix("*") else {
      throw error(place, "path '\(text)' is not absolute; begin it with / or **/")
    }
    guard !text.hasSuffix("/") else {
      throw error(place, "path '\(text)' ends in /, and would match no mailbox; write \(text)** for all below it")
    }
    return text
  }

  private func filesystem(_ text: String, _ place: Place) throws(PolicyError) -> String {
    if FileSystemType.names.contains(text) { return text }
    if text.hasPrefix("0x"), let magic = UInt(text.dropFirst(2), radix: 16) { return FileSystemType(magic: magic).name }
    if let meant = otherNames[text.lowercased()] {
      throw error(place, "unknown file system '\(text)'; it is called '\(meant)' here")
    }
    throw error(place, "\(ValueError.unknown("file system", text, among: FileSystemType.names))")
  }
}

/// Names from mount(8) that statfs(2) does not tell apart.
private let otherNames = [
  "nfs3": "nfs", "nfs4": "nfs", "ext2": "ext4", "ext3": "ext4", "smb3": "smb2", "smbfs": "cifs", "samba": "cifs",
  "fuseblk": "fuse", "sshfs": "fuse", "overlayfs": "overlay", "glusterfs": "fuse", "fat": "vfat", "msdos": "vfat",
]
