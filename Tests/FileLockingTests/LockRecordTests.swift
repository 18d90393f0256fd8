import Glibc
import Testing

@testable import FileLocking

@Suite("The record in a lock file")
struct LockRecordTests {
  static let limits: [Duration?] = [
    nil, .milliseconds(1), .milliseconds(500), .seconds(60), .seconds(900), .seconds(86_400),
  ]

  @Test("says what was written, in at most 15 bytes", arguments: LockRecord.Holder.allCases, limits)
  func roundTrip(holder: LockRecord.Holder, limit: Duration?) throws {
    for (pid, owes) in [(Int32(1), false), (4_194_304, true), (Int32.max, true)] {
      let record = LockRecord(pid: pid, holder: holder, owesFence: owes, limit: limit)
      #expect(record.bytes.count <= 15)
      #expect(LockRecord(record.bytes) == record)
    }
  }

  @Test("a script's record has a mark of its own each time, and 15 bytes at most")
  func script() throws {
    let records = (0..<50).map { _ in LockRecord.ofScript(.remoteScript, limit: .seconds(60)) }
    for record in records {
      #expect(record.pid == getppid() && record.holder == .remoteScript && record.bytes.count <= 15)
      #expect(LockRecord(record.bytes) == record)
      #expect(LockRecord(LockRecord(record, owesFence: true).bytes)?.owesFence == true)
    }
    #expect(Set(records.map(\.bytes)).count > 45)
    let debt = LockRecord(records[0], owesFence: true)
    #expect(debt.bytes[Int(debt.kindLetter.position)] == UInt8(ascii: "T"))
  }

  @Test(
    "a limit is never understated, nor by more than a third overstated",
    arguments: [
      Duration.milliseconds(126), .seconds(1), .seconds(59), .seconds(60), .seconds(61), .seconds(1800),
      .seconds(100_000),
    ])
  func limitIsRoundedUp(limit: Duration) throws {
    let read = try #require(LockRecord(pid: 1, holder: .writer, limit: limit).limit)
    #expect(read >= limit && read < limit * 1.34)
  }

  @Test("what is beyond the scale is never stale", arguments: [Duration.seconds(40 * 86_400)])
  func beyondTheScale(limit: Duration) { #expect(LockRecord(pid: 1, holder: .writer, limit: limit).limit == nil) }

  @Test("what a power cut leaves of it is a writer's of whom nothing else is known", arguments: [1, 8, 15])
  func zeros(count: Int) {
    let record = LockRecord(Array(repeating: 0, count: count))
    #expect(record?.pid == 0 && record?.holder == .writer && record?.owesFence == false && record?.limit == .zero)
    #expect(LockRecord(Array(repeating: 0, count: 16)) == nil)
  }

  @Test(
    "other programs' lock files are not ours",
    arguments: [
      "", "0", "0\n", "1234\n", "1234", "1234:host\n", "1234~w5", "~w5\n", "0~w5\n", "-1~w5\n", "12~x5\n", "12~w!\n",
      "12~w55\n", "123456789012~w5\n", "12 ~w5\n", "12~w5abcd\n", "12~s5abc\n", "12~s5abcde\n", "\n", "1234567~w5\n\n",
    ])
  func foreign(content: String) { #expect(LockRecord(Array(content.utf8)) == nil) }
}
