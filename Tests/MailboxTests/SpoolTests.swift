import FileLocking
import Glibc
import LockPolicy
import Posix
import SystemPackage
import Testing

@testable import Mailbox

@Suite struct SpoolTests {
  static let fromLine = "From ann@example.org \(testDate)\n"

  @Test(arguments: [
    ("", "\n"), ("Subject: x\n\nFrom here\n", "Subject: x\n\n>From here\n\n"), ("x", "x\n\n"),
  ]) func framing(message: String, expected: String) throws {
    let spool = try Spool(message)
    #expect(try spool.text() == Self.fromLine + expected)
    #expect(spool.length == Int64(try spool.contents().count))
  }

  @Test("A leading From_ line is taken off the message, wherever reads cut it", arguments: [1, 2, 5, 7, 30, 4096])
  func leadingLine(portion: Int) throws {
    let leading = "From bob@example.org  Mon Jan  2 03:04:05 2006\n"
    let message = Array((leading + "Subject: x\n\nFrom here\n").utf8)
    let spool = try Spool(bytes: message, Envelope(), portion: portion)
    #expect(try spool.text() == leading + "Subject: x\n\n>From here\n\n")
  }

  @Test("Lengths around the look-ahead and the size of a chunk", arguments: [65_535, 65_536, 65_537, 131_072, 131_073])
  func borders(length: Int) throws {
    for portion in [4096, 65_536, .max] {
      for ending in ["", "\n", "\nFrom x", "\nFrom "] {
        let message = Array(repeating: UInt8(ascii: "a"), count: length - ending.utf8.count) + Array(ending.utf8)
        let expected = Array(Self.fromLine.utf8) + FramerTests.reference(message, .mboxrd)
        #expect(try Spool(bytes: message, portion: portion).contents() == expected)
      }
    }
  }

  @Test("A Return-Path header counts as far as the look-ahead goes") func lookAhead() throws {
    for (padding, sender) in [(Spool.lookAhead - 100, "eve@example.org"), (Spool.lookAhead, "MAILER-DAEMON")] {
      let header = "A: " + String(repeating: "x", count: padding) + "\nReturn-Path: <eve@example.org>\n\n"
      #expect(try Spool(header, Envelope()).text().hasPrefix("From \(sender) \(testDate)\n"))
    }
  }

  @Test("Above 4 MiB the message is in a nameless file; what is read is the same", arguments: [-1, 0, 1, 5_000_000])
  func largeMessage(beyond: Int) throws {
    let place = Workplace()
    let length = SpoolStorage.memoryLimit + beyond + 2 * longLine.utf8.count
    let message = [UInt8](longLine + "From x\n", filling: length)
    let spool = try Spool(bytes: message, directories: [place.directory])
    #expect(spool.scratchSize > 0)
    #expect(try spool.contents() == Array(Self.fromLine.utf8) + FramerTests.reference(message, .mboxrd))
    #expect(place.names.isEmpty)
  }

  @Test("Exactly at the limit it is still in memory") func memoryLimit() throws {
    let overhead = Self.fromLine.utf8.count + 2 + SpoolStorage.margin
    let message = [UInt8](repeating: UInt8(ascii: "a"), count: SpoolStorage.memoryLimit - overhead)
    #expect(try Spool(bytes: message).scratchSize == 0)
    #expect(try Spool(bytes: message + [UInt8(ascii: "a")]).scratchSize > 0)
  }

  @Test("Where the mailbox's directory cannot hold the file, the next one is used") func otherDirectory() throws {
    let message = [UInt8](repeating: UInt8(ascii: "a"), count: SpoolStorage.memoryLimit)
    let spool = try Spool(bytes: message, directories: ["/nonexistent", "/proc", "/tmp"])
    #expect(try spool.contents().count == Self.fromLine.utf8.count + message.count + 2)
  }

  @Test("Where none can, the first is named") func noDirectory() throws {
    let message = [UInt8](repeating: UInt8(ascii: "a"), count: SpoolStorage.memoryLimit)
    let failure = #expect(throws: LockFailure.self) {
      _ = try Spool(bytes: message, directories: ["/nonexistent/mail", "/nonexistent/tmp"])
    }
    #expect(failure?.kind == .system(.noSuchFileOrDirectory))
    #expect(failure?.path == "/nonexistent/mail")
  }

  @Test("A file system without nameless files gets a file that is unlinked at once") func unlinkedFile() throws {
    let place = Workplace()
    let file = try SpoolFile.makeUnlinked(in: Directory(place.directory))
    #expect(place.names.isEmpty)
    try file.writeAll([1, 2, 3])
    #expect(try file.bytes(atMost: 4, from: 0) == [1, 2, 3])
    #expect(try file.status().links == 0)
  }

  @Test("A reader that gives up ends it, and nothing is left") func interruptedReader() throws {
    let place = Workplace()
    var reads = 0
    let failure = #expect(throws: LockFailure.self) {
      _ = try Spool(Envelope(), quoting: .mboxrd, directories: [place.directory]) { buffer throws(LockFailure) in
        reads += 1
        guard reads < 100 else { throw LockFailure(.interrupted(signal: 15), "", "gave up") }
        return buffer.count
      }
    }
    #expect(failure?.kind == .interrupted(signal: 15))
    #expect(place.names.isEmpty)
  }

  @Test(
    "100 MiB of one line, or of '>', take no more memory than a small message",
    arguments: [UInt8(ascii: "a"), UInt8(ascii: ">")])
  func constantMemory(byte: UInt8) async throws {
    await #expect(processExitsWith: .success) { [byte] in
      func peak() throws -> Int {
        let text = try Directory("/proc/self").open("status", .readOnly).bytes(atMost: 8192, from: 0)
        let words = text.split { $0.isBlank }
        let index = words.firstIndex { $0.elementsEqual("VmHWM:".utf8) }
        return Int(String(decoding: words[(index ?? 0) + 1], as: UTF8.self)) ?? 0
      }
      let before = try peak()
      var left = 100 << 20
      let spool = try Spool(Envelope(), quoting: .mboxrd, directories: ["/tmp"]) { buffer in
        let count = min(left, buffer.count)
        if count > 0, let start = buffer.baseAddress { memset(start, CInt(byte), count) }
        left -= count
        return count
      }
      guard spool.length > 100 << 20 else { exit(2) }
      let growth = try peak() - before
      print("grew by \(growth) KiB")
      exit(growth < 16 << 10 ? 0 : 1)
    }
  }
}
