import LockPolicy
import SystemPackage
import Testing

@testable import PolicyFile

struct HostileTextTests {
  @Test func `a file of exactly 1 MiB is read, a larger one is not`() {
    let comment = [UInt8](repeating: UInt8(ascii: "#"), count: 1 << 20)
    #expect(complaint(about: comment) == nil)
    #expect(complaint(about: comment + [0x0A]) == "FILE: is larger than 1 MiB; no policy needs that")
  }

  @Test(arguments: [
    ("a: \u{0}", "FILE:1:4: control character U+0000; expected text"),
    ("# ä\n#\u{7F}", "FILE:2:2: control character U+007F; expected text"),
    ("#\u{1B}[31m", "FILE:1:2: control character U+001B; expected text"),
    ("version: 1\n\u{FEFF}", "FILE:2:1: control character U+FEFF; expected text"),
  ])
  func `control characters are refused where they are`(text: String, expected: String) {
    #expect(complaint(about: text) == expected)
  }

  @Test(
    arguments: [
      ([0xFF, 0xFE, 0x61, 0x00], "FILE:1:1: byte 0xFF is not UTF-8; save as UTF-8"),
      (Array("# ü\r\n# k".utf8) + [0xFC, 0x72], "FILE:2:4: byte 0xFC is not UTF-8; save as UTF-8"),
      ([0x23, 0xC0, 0x80], "FILE:1:2: byte 0xC0 is not UTF-8; save as UTF-8"),
      ([0x23, 0xED, 0xA0, 0x80], "FILE:1:2: byte 0xED is not UTF-8; save as UTF-8"),
      ([0x23, 0x20, 0xE2, 0x82], "FILE:1:3: byte 0xE2 is not UTF-8; save as UTF-8"),
    ] as [([UInt8], String)])
  func `bytes that are not UTF-8 are refused where they are`(bytes: [UInt8], expected: String) {
    #expect(complaint(about: bytes) == expected)
  }

  @Test(.timeLimit(.minutes(1)), arguments: ["[", "{a: ", "- ", "? ", "a:\n "])
  func `nesting without end is refused, and quickly`(opening: String) throws {
    let answer = try #require(complaint(about: String(repeating: opening, count: 100_000)))
    #expect(answer.hasPrefix("FILE:"))
  }

  @Test func `deep nesting says so`() {
    let text = "rules: " + String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
    #expect(complaint(about: text) == "FILE:1:17: nested too deeply; a policy has at most 5 levels")
  }

  @Test(.timeLimit(.minutes(1))) func `a mapping of very many keys is refused quickly`() {
    let text = (0..<90_000).map { "k\($0): 1\n" }.joined()
    #expect(complaint(about: text) == "FILE:101:1: too many keys; no mapping of a policy has 100")
  }

  @Test(.timeLimit(.minutes(1))) func `many rules are read, but not without end`() throws {
    let rules = (1...501).map { "- {match: {user: [a, b, c, u\($0)]}, method: flock}\n" }
    #expect(complaint(about: "rules:\n" + rules.dropLast().joined()) == nil)
    let answer = complaint(about: "rules:\n" + rules.joined())
    #expect(answer == "FILE:502:3: more than 500 rules; use patterns that match more")
  }

  @Test(.timeLimit(.minutes(1))) func `many patterns are read, but not without end`() throws {
    let users = (1...5000).map { "u\($0)" }.joined(separator: ", ")
    #expect(complaint(about: "rules:\n- {match: {user: [\(users)]}, method: flock}\n") == nil)
    let answer = complaint(about: "rules:\n- {match: {user: [\(users)], host: a}, method: flock}\n")
    #expect(answer == "FILE:2:3: more than 5000 patterns up to here; use patterns that match more")
  }

  @Test func `what the file says cannot drive a terminal`() {
    #expect(complaint(about: #""\e[2J": 1"#)?.hasPrefix(#"FILE:1:1: unknown key '\u{1B}[2J' at"#) == true)
  }

  @Test func `every prefix and every damaged copy of a policy is answered in one line`() throws {
    let bytes = try Corpus.bytes(Corpus.root.appending("etc/dotlock-mixed-nfs.yaml"))
    for index in stride(from: 0, to: bytes.count, by: 7) {
      var damaged = bytes
      damaged[index] ^= UInt8(1 << (index % 8))
      for text in [Array(bytes[..<index]), damaged] {
        guard let answer = complaint(about: text) else { continue }
        #expect(answer.hasPrefix("FILE:") && !answer.contains("\n"))
      }
    }
  }
}
