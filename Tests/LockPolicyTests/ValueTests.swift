import Testing

@testable import LockPolicy

struct ValueTests {
  @Test(
    arguments: [
      ("250ms", 250_000_000), ("60s", 60_000_000_000), ("5m", 300_000_000_000), ("1h", 3_600_000_000_000),
      ("2d", 172_800_000_000_000), ("90", 90_000_000_000), ("0", 0), ("1.5s", 1_500_000_000), ("0.29m", 17_400_000_000),
      ("0.001", 1_000_000), ("0.1h", 360_000_000_000), ("007s", 7_000_000_000), ("1.23456789s", 1_234_567_890),
    ] as [(String, Int64)])
  func `durations are read exactly`(text: String, nanoseconds: Int64) throws {
    let duration = try Duration(policyText: text)
    #expect(duration == .nanoseconds(nanoseconds))
    #expect(try Duration(policyText: duration.policyText) == duration)
  }

  @Test(arguments: [
    "", "s", "ms", "-1s", "+1s", "1,5s", "1 s", "1s ", "1sec", "1min", "1.", ".5", "1.2.3s", "1e3s",
    "٣s", "99999999999999999999s", "40000d", "1.x5s", "0x10",
  ])
  func `what is not a duration is refused`(text: String) {
    #expect(throws: ValueError.self) { try Duration(policyText: text) }
  }

  @Test(arguments: [
    ("60s", "60s"), ("1m", "60s"), ("120s", "2m"), ("900s", "15m"), ("3600s", "1h"), ("24h", "1d"), ("1000ms", "1s"),
    ("90s", "90s"), ("1500ms", "1500ms"), ("0.5ms", "0.5ms"), ("0ms", "0s"),
  ])
  func `durations are shown as people write them`(text: String, shown: String) throws {
    #expect(try Duration(policyText: text).policyText == shown)
  }

  @Test(arguments: [
    ("0", 0), ("51200000", 51_200_000), ("512KiB", 512 << 10), ("50MiB", 50 << 20), ("1GiB", 1 << 30),
    ("2TiB", 2 << 40),
    ("1K", 1 << 10), ("3M", 3 << 20), ("10MB", 10_000_000), ("7B", 7), ("1kB", 1000),
  ])
  func `sizes are read`(text: String, bytes: Int) throws {
    #expect(try readSize(text, in: 0...Int.max) == bytes)
    #expect(try readSize(sizeText(bytes), in: 0...Int.max) == bytes)
  }

  @Test(arguments: ["", "MiB", "1.5MiB", "-1", "1 MiB", "1mib", "9999999999TiB", "99999999999999999999", "+1"])
  func `what is not a size is refused`(text: String) {
    #expect(throws: ValueError.self) { try readSize(text, in: 0...Int.max) }
  }

  @Test(arguments: [("0644", 0o644), ("600", 0o600), ("0o640", 0o640), ("777", 0o777)] as [(String, UInt32)])
  func `modes are octal`(text: String, mode: UInt32) throws {
    #expect(try readMode(text, requiring: 0o400) == mode)
  }

  @Test(arguments: ["", "0", "0800", "1777", "00644", "+644", "-600", "rw-------", "0x1a4", "0200"])
  func `what is not a mode, or does not let the owner in, is refused`(text: String) {
    #expect(throws: ValueError.self) { try readMode(text, requiring: 0o400) }
  }

  @Test func `methods keep their order`() throws {
    #expect(try MethodList("flock+dotlock").methods == [.flock, .dotlock])
    #expect(try MethodList("fcntl").description == "fcntl")
    for text in ["", "+", "dotlock+", "dotlock+dotlock", "lockf", "Dotlock", "dotlock + fcntl"] {
      #expect(throws: ValueError.self, "\(text)") { try MethodList(text) }
    }
  }
}
