@testable internal import FileLocking
@testable internal import Mailbox
@testable internal import Posix
internal import SystemPackage

/// A line with `R` to repeat the message, `p` when it is only a message's beginning; then the message.
func checkStatus(_ input: Input) {
  var input = input
  let options = input.line()
  let isWhole = !options.contains(UInt8(ascii: "p"))
  let message = input.bytes.repeated(options.contains(UInt8(ascii: "R")))
  let header = message.withUnsafeBytes { StatusHeader($0, isWhole: isWhole) }
  let fields = fields(message, isWhole)
  require(header.end == fields.last?.upperBound ?? 0, "new lines come behind the last whole field")
  let old = statusLines(message, isWhole)
  require(header.old == old, "the old lines are those, and no others")

  // A reader finds the new lines, and none of the old ones before them.
  let isContinued = header.end < message.count && (message[header.end] == 0x20 || message[header.end] == 0x09)
  require(header.hasPlace == !isContinued, "the new lines do not run into what follows")
  guard header.hasPlace, isWhole || header.end < message.count else { return }
  func kept(_ range: Range<Int>) -> [UInt8] {
    range.filter { index in !old.contains { $0.contains(index) } }.map { message[$0] }
  }
  let before = kept(0..<header.end)
  let new = before + "Status: RO\n".utf8 + kept(header.end..<message.count)
  let again = new.withUnsafeBytes { StatusHeader($0, isWhole: isWhole) }
  require(again.old == [before.count..<before.count + 11], "a reader finds the new line, and no other")
}

/// The fields of a message's header: `name:` and whatever follows, up to a line that neither is one nor goes on.
private func fields(_ message: [UInt8], _ isWhole: Bool) -> [Range<Int>] {
  var fields: [Range<Int>] = []
  for line in message.lines {
    guard line.last == .newline else { break }
    let isGoingOn = line.first == .space || line.first == UInt8(ascii: "\t")
    if isGoingOn, let last = fields.popLast() {
      fields.append(last.lowerBound..<line.endIndex)
      continue
    }
    let name = line.prefix { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") }
    guard !name.isEmpty, line[name.endIndex] == UInt8(ascii: ":") else { break }
    fields.append(line.startIndex..<line.endIndex)
  }
  guard let last = fields.last else { return [] }
  // The lines in which it goes on must be whole, too, and known.
  let next = last.upperBound < message.count ? message[last.upperBound] : nil
  let isOpen = next == .space || next == UInt8(ascii: "\t") || next == nil && !isWhole
  return isOpen ? fields.dropLast() : fields
}

/// Status fields anywhere before the first blank line, with the lines in which they go on.
private func statusLines(_ message: [UInt8], _ isWhole: Bool) -> [Range<Int>] {
  var (found, isInside): ([Range<Int>], Bool) = ([], false)
  for line in message.lines {
    if line.elementsEqual("\n".utf8) || line.elementsEqual("\r\n".utf8) { break }
    let isGoingOn = line.first == .space || line.first == UInt8(ascii: "\t")
    if isGoingOn, line.startIndex > 0 {
      if isInside, let last = found.popLast() { found.append(last.lowerBound..<line.endIndex) }
    } else {
      isInside = isStatus(line) && line.contains(UInt8(ascii: ":"))
      if isInside { found.append(line.startIndex..<line.endIndex) }
    }
  }
  if !isWhole, found.last?.upperBound == message.count { found.removeLast() }
  return found
}

private func isStatus(_ field: ArraySlice<UInt8>) -> Bool {
  let name = Array(field.prefix { $0 != UInt8(ascii: ":") }).text.lowercased()
  return name == "status" || name == "x-status"
}

/// The name of a message's file.
func checkMaildirName(_ input: Input) {
  let name = input.bytes.filter { $0 != 0 && $0 != UInt8(ascii: "/") }
  for folder in [Maildir.Folder.new, .cur] {
    let message = MaildirMessage(folder, FilePath(bytes: name), anyStatus)
    let start = name.maildirBase + Array(":2,".utf8)
    let flags = name.starts(with: start) ? name.dropFirst(start.count).prefix { $0 != UInt8(ascii: ",") } : []
    func has(_ letter: Unicode.Scalar) -> Bool { flags.contains(UInt8(ascii: letter)) }
    let status = (has("S") ? "R" : "") + (folder == .cur ? "O" : "")
    let more = (has("R") ? "A" : "") + (has("F") ? "F" : "") + (has("D") ? "T" : "") + (has("T") ? "D" : "")
    let expected = (status.isEmpty ? "" : "Status: \(status)\n") + (more.isEmpty ? "" : "X-Status: \(more)\n")
    require(message.statusLines.text == expected, "\(name.text): \(expected)")
    require(!(message < message), "a message is not older than itself")
  }
}

private let anyStatus: FileStatus = {
  do { return try Directory("/").status(of: ".") } catch { fatalError("\(error)") }
}()

/// The list behind a journal's record.
func checkMaildirList(_ input: Input) {
  var input = input
  let isRepeated = input.line() == [UInt8(ascii: "R")]
  // A null byte cannot be typed.
  let bytes = input.bytes.map { $0 == UInt8(ascii: "\n") ? 0 : $0 }.repeated(isRepeated)
  guard let list = MaildirList(bytes) else { return }
  require(MaildirList(list.bytes) == list, "it is written as it is read")
  require(list.maildir.isAbsolute, "it is about one maildir wherever it is read")
  for message in list.messages {
    let name = message.name.bytes
    require(!name.isEmpty && name.first != UInt8(ascii: ".") && !name.contains(UInt8(ascii: "/")), "no way out of it")
  }
}
