@testable internal import FileLocking
@testable internal import LockPolicy

/// A lock file's content.
func checkLockRecord(_ input: Input) {
  guard let record = LockRecord(input.bytes) else { return }
  // What a power cut leaves.
  if input.bytes.allSatisfy({ $0 == 0 }) { return require(record.pid == 0, "zeros are nobody's who lives") }
  let bytes = record.bytes
  require(bytes.count <= LockRecord.longest, "a record is short: \(bytes.text)")
  require(bytes == input.bytes, "only what this toolkit writes is its record, not \(input.bytes)")
  let (letter, position) = record.kindLetter
  require(bytes[Int(position)] == letter, "the letter is where it is looked for")
  var capital = bytes
  capital[Int(position)] ^= 0x20
  require(LockRecord(capital)?.owesFence == !record.owesFence, "a debt is a capital letter")
  require(LockRecord(capital).map { LockRecord($0, owesFence: record.owesFence) } == record, "and nothing else")
}

/// The value of DOTLOCK_HELD.
func checkHandover(_ input: Input) {
  var input = input
  let isRepeated = input.line() == [UInt8(ascii: "R")]
  // No variable of the environment holds a null byte.
  let value = input.bytes.filter { $0 != 0 }.repeated(isRepeated).text
  let entries = LockHandover.entries(in: value)
  let again = entries.reduce(into: String?.none) { $0 = $1.appended(to: $0) }
  require(LockHandover.entries(in: again) == entries, "what is handed on claims the same: \(again ?? "")")
}
