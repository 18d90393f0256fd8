import Glibc
import Testing

@testable import Mailbox

@Suite struct PostmarkTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var sender: String?
    var environment: [String: String] = [:]
    var message = "Subject: x\n\n"
    let lines: String
    var replaced = 0
  }

  static func postmark(_ test: Case) -> (lines: String, replaced: Int) {
    let envelope = Envelope(sender: test.sender.map { Array($0.utf8) }) { name in
      test.environment[name].map { Array($0.utf8) }
    }
    let postmark = Array(test.message.utf8).withUnsafeBytes { Postmark(envelope, head: $0, now: testTime) }
    return (String(decoding: postmark.lines, as: UTF8.self), postmark.replaced)
  }

  static let ufline = "From bob@example.org Mon Jan 02 03:04:05 2006\n"
  static let leading = "From carl@example.org  Tue Feb  3 04:05:06 2004\n"
  static let returnPath = "Subject: x\nReturn-Path: <eve@example.org>\n\n"
  static let everything = [
    "UFLINE": ufline, "SENDER": "dora@example.org", "RPLINE": "Return-Path: <bob@example.org>\n",
    "DTLINE": "Delivered-To: ann@example.org\n",
  ]
  static let headers = "Return-Path: <bob@example.org>\nDelivered-To: ann@example.org\n"

  @Test(arguments: [
    Case(
      testDescription: "the option wins, and qmail's headers stay", sender: "opt@example.org", environment: everything,
      message: leading + returnPath, lines: "From opt@example.org \(testDate)\n" + headers),
    Case(
      testDescription: "UFLINE, with its headers; the message's own line is its sender's forgery",
      environment: everything, message: leading + returnPath, lines: ufline + headers),
    Case(
      testDescription: "without UFLINE, the headers are not written",
      environment: everything.filter { $0.key != "UFLINE" }, message: leading + returnPath, lines: leading,
      replaced: leading.utf8.count),
    Case(
      testDescription: "the option replaces a leading line", sender: "opt@example.org", message: leading,
      lines: "From opt@example.org \(testDate)\n", replaced: leading.utf8.count),
    Case(
      testDescription: "SENDER", environment: ["SENDER": "dora@example.org"], message: returnPath,
      lines: "From dora@example.org \(testDate)\n"),
    Case(
      testDescription: "SENDER, set but empty", environment: ["SENDER": ""], message: returnPath,
      lines: "From MAILER-DAEMON \(testDate)\n"),
    Case(testDescription: "Return-Path", message: returnPath, lines: "From eve@example.org \(testDate)\n"),
    Case(
      testDescription: "Return-Path of a bounce", message: "Return-Path: <>\n\n",
      lines: "From MAILER-DAEMON \(testDate)\n"),
    Case(
      testDescription: "Return-Path in other letters, folded, with a comment",
      message: "A: b\r\nRETURN-path:\r\n <eve@example.org>\r\n (x)\r\n\r\n", lines: "From eve@example.org \(testDate)\n"
    ),
    Case(
      testDescription: "Return-Path without brackets", message: "return-path: eve@example.org\n",
      lines: "From eve@example.org \(testDate)\n"),
    Case(
      testDescription: "Return-Path in the body does not count", message: "A: b\n\nReturn-Path: <eve@example.org>\n",
      lines: "From MAILER-DAEMON \(testDate)\n"),
    Case(
      testDescription: "Return-Path behind an empty line with CR does not count",
      message: "A: b\r\n\r\nReturn-Path: <eve@example.org>\n", lines: "From MAILER-DAEMON \(testDate)\n"),
    Case(testDescription: "nothing at all", message: "", lines: "From MAILER-DAEMON \(testDate)\n"),
    Case(
      testDescription: "blanks, newlines and controls in a sender", sender: "a b\tc\nFrom d\u{0}\u{1}\u{7F}\r",
      lines: "From a-b-c-From-d---- \(testDate)\n"),
    Case(testDescription: "an empty sender", sender: "", lines: "From MAILER-DAEMON \(testDate)\n"),
    Case(testDescription: "an empty sender in brackets", sender: "<>", lines: "From MAILER-DAEMON \(testDate)\n"),
    Case(testDescription: "a sender in brackets", sender: "<a@b>", lines: "From a@b \(testDate)\n"),
    Case(
      testDescription: "8-bit bytes of a sender stay", sender: "jörg@example.org",
      lines: "From jörg@example.org \(testDate)\n"),
    Case(
      testDescription: "a newline in UFLINE cannot forge a line",
      environment: ["UFLINE": "From a\nFrom@evil Mon Jan 02 03:04:05 2006\n"],
      lines: "From a_From@evil Mon Jan 02 03:04:05 2006\n"),
    Case(
      testDescription: "UFLINE without its newline", environment: ["UFLINE": "From a Mon Jan 02 03:04:05 2006"],
      lines: "From a Mon Jan 02 03:04:05 2006\n"),
    Case(
      testDescription: "UFLINE that is none: the next source, and the message's own line is still not believed",
      environment: ["UFLINE": "Subject: evil\n", "SENDER": "dora@example.org"], message: leading,
      lines: "From dora@example.org \(testDate)\n"),
    Case(
      testDescription: "newlines in RPLINE and DTLINE forge nothing",
      environment: [
        "UFLINE": ufline, "RPLINE": "Return-Path: <a\n\nFrom b>\n", "DTLINE": "Delivered-To: a\nX-Spam: no\n",
      ], lines: ufline + "Return-Path: <a__From b>\nDelivered-To: a_X-Spam: no\n"),
    Case(
      testDescription: "RPLINE and DTLINE that are no such headers are left out",
      environment: ["UFLINE": ufline, "RPLINE": "\n", "DTLINE": "From evil Mon Jan 02 03:04:05 2006\n"], lines: ufline),
    Case(
      testDescription: "a leading line with CR", message: "From a Mon Jan 02 03:04:05 2006\r\nSubject: x\r\n",
      lines: "From a Mon Jan 02 03:04:05 2006\n", replaced: 33),
    Case(
      testDescription: "a leading line and nothing else", message: "From a Mon Jan 02 03:04:05 2006",
      lines: "From a Mon Jan 02 03:04:05 2006\n", replaced: 31),
    Case(
      testDescription: "a leading line with a quoted sender",
      message: "From \"a b\"@example.org  Mon Jan  2 03:04:05 2006\n",
      lines: "From \"a-b\"@example.org  Mon Jan  2 03:04:05 2006\n", replaced: 49),
    Case(
      testDescription: "a leading line that does not parse stays in the message", message: "From here on it is mine\n",
      lines: "From MAILER-DAEMON \(testDate)\n"),
  ]) func sources(test: Case) {
    let (lines, replaced) = Self.postmark(test)
    #expect(lines == test.lines)
    #expect(replaced == test.replaced)
  }

  @Test(arguments: [
    "From a Sun Nov 01 09:08:07 2026", "From a  Sun Nov  1 09:08:07 2026", "From a Sun Nov 1 09:08:07 2026",
    "From a Sun Nov  1 09:08 2026", "From a Sun Nov  1 09:08:07 EST 2026", "From a Sun Nov  1 09:08:07 +0100 2026",
    "From a Sun Nov  1 09:08:07 MET DST 2026", "From a Sun Nov  1 09:08:07 2026 +0100",
    "From a Sun Nov  1 09:08:07 2026 remote from host", "From MAILER-DAEMON Fri Dec 31 23:59:60 1999",
    "From a\tSun Nov  1 09:08:07 2026",
  ]) func dateForms(line: String) {
    let bytes = FromLine(line.utf8.slice)?.bytes
    #expect(bytes == Array((line + "\n").utf8))
  }

  @Test(arguments: [
    "", "From", "From ", "From a", "From a b", "From Sun Nov 01 09:08:07 2026", "from a Sun Nov 01 09:08:07 2026",
    ">From a Sun Nov 01 09:08:07 2026", "From a Son Nov 01 09:08:07 2026", "From a Sun Nov 32 09:08:07 2026",
    "From a Sun Nov 00 09:08:07 2026", "From a Sun Nov 01 24:08:07 2026", "From a Sun Nov 01 09:61 2026",
    "From a Sun Nov 01 09:08:07 26", "From a Sun Nov 01 09:08:07", "From a b Sun Nov 01 09:08:07 2026",
    "From a\u{0}b Sun Nov 01 09:08:07 2026", "From a Sun Nov 01 09:08:07 2026 \u{0}",
    "From: a Sun Nov 01 09:08:07 2026",
  ]) func notFromLines(line: String) { #expect(FromLine(line.utf8.slice) == nil) }

  @Test("Dates agree with the C library's") func dates() {
    var seconds: [Int64] = [0, 1, 86_399, 86_400, 951_782_400, 951_868_800, 4_107_542_399, 4_107_542_400, testTime, -1]
    seconds += (0..<3000).map { _ in Int64.random(in: -2_000_000_000...8_000_000_000) }
    for second in seconds {
      var time = Int(second)
      var parts = tm()
      gmtime_r(&time, &parts)
      var text = [CChar](repeating: 0, count: 64)
      let length = strftime(&text, 64, "%a %b %d %H:%M:%S %Y", &parts)
      #expect(
        PostmarkDate.text(second) == text[..<length].map { UInt8(bitPattern: $0) })
    }
    #expect(PostmarkDate.text(testTime).elementsEqual(testDate.utf8) && testDate.utf8.count == 24)
  }
}
