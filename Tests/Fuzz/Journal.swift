@testable internal import Mailbox
@testable internal import Posix

/// Numbers and a tail as text, or a line that is none, and a block, which gets the right checksum.
func checkJournalHeader(_ input: Input) {
  var input = input
  let words = input.line().text.split(separator: " ").map(String.init)
  let numbers = words.compactMap { Int64($0) }
  if numbers.count == 6 { checkEncoding(numbers, tail: input.bytes) } else { checkDecoding(input.bytes) }
}

private func checkEncoding(_ numbers: [Int64], tail: [UInt8]) {
  let before = OldEnd(
    length: numbers[0], tail: Array(tail.prefix(OldEnd.tailLimit)), accessed: FileTime(nanoseconds: numbers[1]),
    modified: FileTime(nanoseconds: numbers[2]))
  let header = JournalHeader(
    before: before, padding: Int(numbers[3] & 3), recordLength: numbers[4], listLength: numbers[5],
    gap: Int(numbers[3] >> 2 & 0xFFF))
  let read = JournalHeader(header.bytes, size: header.fileSize ?? .max)
  let isPossible =
    before.length >= before.tail.count && header.padding <= 2 && header.recordLength > header.padding
    && (0...1 << 20).contains(header.listLength) && header.fileSize != nil
    && !before.length.addingReportingOverflow(header.recordLength).overflow
  require(read == (isPossible ? header : nil), "\(header) is read as \(String(describing: read))")
}

extension JournalHeader {
  /// The size of a file with that header; `nil` when there can be none.
  fileprivate var fileSize: Int64? {
    let (end, isBeyond) = recordStart.addingReportingOverflow(recordLength)
    let (size, isFarBeyond) = end.addingReportingOverflow(listLength)
    return isBeyond || isFarBeyond || size < 0 ? nil : size
  }
}

private func checkDecoding(_ bytes: [UInt8]) {
  guard bytes.count >= 128 else { return require(JournalHeader(bytes, size: .max) == nil, "too short") }
  var block = Array("mailbox-journal1".utf8 + bytes[16..<128])
  block.makeJournal()
  let header = JournalHeader(block, size: Int64(bytes.count))
  guard let header else { return }
  require(header.padding <= 2 && header.before.tail.count <= header.before.length, "the mailbox can have been so")
  require(header.listStart + header.listLength == bytes.count, "record and list end with the file")
  require(JournalHeader(header.bytes, size: Int64(bytes.count)) == header, "it is written as it is read")
  block[Int(JournalHeader.statePosition)] ^= 0xFF
  require(JournalHeader(block, size: Int64(bytes.count)) == header, "the state is apart")
  block[24 + Int(bytes[0] % 96)] ^= 1 << (bytes[1] % 8)
  require(JournalHeader(block, size: Int64(bytes.count)) == nil, "a wrong bit shows")
}

extension [UInt8] {
  /// Gives a header its right checksum, FNV-1a over all but the state.
  mutating func makeJournal() {
    var sum: UInt64 = 0xCBF2_9CE4_8422_2325
    for index in 0..<120 {
      sum = (sum ^ UInt64(index == JournalHeader.statePosition ? 0 : self[index])) &* 0x100_0000_01B3
    }
    for index in 0..<8 { self[120 + index] = UInt8(truncatingIfNeeded: sum >> (8 * index)) }
  }
}
