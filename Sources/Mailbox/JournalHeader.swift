internal import Posix

/// The beginning of a journal: what is going to be appended where. The bytes follow, and end with the file.
///
/// In a block of 128 bytes, numbers with their lowest byte first:
///
/// | from | what |
/// |---|---|
/// | 0 | `mailbox-journal1` |
/// | 16 | the kind; `m`: a message; `l`: messages of a maildir, and behind the record the ``MaildirList`` of their files |
/// | 17 | the ``State`` |
/// | 18 | how many newlines of the record complete the mailbox; of the two behind the block, the others are not in it |
/// | 19 | the length of the tail |
/// | 20 | the ``gap`` |
/// | 24 | the mailbox's length |
/// | 32 | the record's length |
/// | 40 | the list's length |
/// | 48, 56 | the mailbox's times, of reading and of writing, in nanoseconds |
/// | 64 | the tail: the mailbox's last bytes |
/// | 120 | the checksum of all that, but for the state |
///
/// The mailbox's inode is not in it, nor its device, whose number is another one on another host or after a restart:
/// see ``OldEnd/tail``.
struct JournalHeader: Equatable {
  let before: OldEnd
  /// How many newlines of the record complete the mailbox.
  let padding: Int
  let recordLength: Int64
  let listLength: Int64
  /// How many bytes that mean nothing follow the block, see ``SpoolFile/gap``.
  var gap = 0

  static let length = 128

  /// What the writer says of a delivery that failed, by a byte that it writes through its own descriptor: it may be too
  /// late for everything else.
  enum State: UInt8 {
    /// It goes on, or has been killed.
    case hot = 0x68  // h
    /// Nothing of it is in the mailbox.
    case void = 0x76  // v
    /// It was reported as failed, so it is not wanted even if all of it is there: it will come again.
    case failed = 0x66  // f
    /// All of it is in the mailbox for good; the files in its list are not wanted any more.
    case done = 0x64  // d
  }

  static let statePosition: Int64 = 17

  private static let magic: StaticString = "mailbox-journal1"
  private var kind: UInt8 { UInt8(ascii: listLength == 0 ? "m" : "l") }
  private static let longestList: Int64 = 1 << 20
  private static let checked = 120

  /// Where the record begins in the file.
  var recordStart: Int64 { Int64(SpoolStorage.margin + gap - padding) }

  /// Where its messages begin, behind what completes the mailbox.
  var messageStart: Int64 { Int64(SpoolStorage.margin + gap) }

  /// Where the list begins.
  var listStart: Int64 { recordStart + recordLength }

  /// The block.
  var bytes: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: Self.length) { block, count in
      block.initialize(repeating: 0)
      let block = UnsafeMutableRawBufferPointer(block)
      block.copyMemory(from: Self.magic.bytes)
      block[16] = kind
      (block[18], block[19]) = (UInt8(padding), UInt8(before.tail.count))
      (block[20], block[21]) = (UInt8(gap & 0xFF), UInt8(gap >> 8))
      block.put(before.length, at: 24)
      block.put(recordLength, at: 32)
      block.put(listLength, at: 40)
      block.put(before.accessed.nanoseconds, at: 48)
      block.put(before.modified.nanoseconds, at: 56)
      for (index, byte) in before.tail.enumerated() { block[64 + index] = byte }
      block.put(Int64(bitPattern: UnsafeRawBufferPointer(block).checksum(Self.checked)), at: Self.checked)
      block[Int(Self.statePosition)] = State.hot.rawValue
      count = Self.length
    }
  }
}

extension JournalHeader {
  /// Reads the beginning of a file.
  ///
  /// - Parameters:
  ///   - file: the file's beginning.
  ///   - size: the file's size.
  /// - Returns: `nil` when it is not a whole journal, whatever the numbers in it are.
  init?(_ file: [UInt8], size: Int64) {
    guard file.count >= Self.length else { return nil }
    var block = Array(file[..<Self.length])
    block[Int(Self.statePosition)] = 0
    guard let header = block.withUnsafeBytes({ JournalHeader(zeroed: $0) }),
      header.before.length >= Int64(header.before.tail.count), header.recordLength > Int64(header.padding),
      // Subtracted, because a sum of forged numbers may be beyond all numbers.
      header.recordLength == size - header.recordStart - header.listLength,
      header.before.length <= .max - header.recordLength
    else { return nil }
    self = header
  }

  private init?(zeroed block: UnsafeRawBufferPointer) {
    guard block.holds(Self.magic, length: 16, at: 0),
      UInt64(bitPattern: block.number(at: Self.checked)) == block.checksum(Self.checked),
      block[18] <= SpoolStorage.newlines, block[19] <= OldEnd.tailLimit,
      Int(block[21]) << 8 < SpoolFile.blockSize
    else { return nil }
    before = OldEnd(
      length: block.number(at: 24), tail: Array(block.slice(64..<64 + Int(block[19]))),
      accessed: FileTime(nanoseconds: block.number(at: 48)), modified: FileTime(nanoseconds: block.number(at: 56)))
    padding = Int(block[18])
    gap = Int(block[20]) | Int(block[21]) << 8
    recordLength = block.number(at: 32)
    listLength = block.number(at: 40)
    guard block[16] == kind, (0...Self.longestList).contains(listLength) else { return nil }
  }
}

extension UnsafeMutableRawBufferPointer {
  fileprivate func put(_ number: Int64, at offset: Int) {
    storeBytes(of: number.littleEndian, toByteOffset: offset, as: Int64.self)
  }
}

extension UnsafeRawBufferPointer {
  fileprivate func number(at offset: Int) -> Int64 {
    Int64(littleEndian: loadUnaligned(fromByteOffset: offset, as: Int64.self))
  }

  /// FNV-1a: against accidents. Against forgers there are the file's owner and permissions.
  fileprivate func checksum(_ count: Int) -> UInt64 {
    var sum: UInt64 = 0xCBF2_9CE4_8422_2325
    for index in 0..<count { sum = (sum ^ UInt64(self[index])) &* 0x100_0000_01B3 }
    return sum
  }
}
