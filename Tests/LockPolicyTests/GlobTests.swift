import Testing

@testable import LockPolicy

struct GlobTests {
  @Test(arguments: [
    ("/var/mail/*", "/var/mail/ann", true), ("/var/mail/*", "/var/mail/a/b", false),
    ("/var/mail/*", "/var/mail/", true),
    ("/home/*/Mailbox", "/home/ann/Mailbox", true), ("/home/*/Mailbox", "/home/ann/x/Mailbox", false),
    ("/home/**", "/home/a/b/c", true), ("/home/**/mbox", "/home/a/b/mbox", true), ("/home/**/mbox", "/home/mbox", true),
    ("/home/**/mbox", "/home/xmbox", false), ("/home/**/mbox", "/homembox", false), ("**/mbox", "/a/b/mbox", true),
    ("**/mbox", "/mbox", true), ("**/mbox", "/a/xmbox", false), ("/a**b", "/ax/yb", true), ("/**", "/", true),
    ("*", "/a", false), ("**", "/a/b", true), ("/a?c", "/abc", true), ("/a?c", "/a/c", false),
    ("/[a-c]x", "/bx", true), ("/[!a-c]x", "/bx", false), ("/[!a-c]x", "/dx", true), ("/[^a]x", "/ax", false),
    ("/a[!b]c", "/a/c", false), ("/[]a]", "/]", true), ("/[a-]", "/-", true), ("/[z-a]", "/m", false),
    ("/[ab", "/[ab", true),
    ("/\\*", "/*", true), ("/\\*", "/a", false), ("/a\\", "/a\\", true), ("", "", true), ("", "/", false),
    ("/jürgen", "/jürgen", true), ("/*/.procmailrc", "/ann/.procmailrc", true),
  ])
  func `paths`(pattern: String, path: String, matches: Bool) {
    #expect(Glob(pattern, separator: UInt8(ascii: "/")).matches(Array(path.utf8)) == matches)
  }

  @Test(arguments: [
    ("mx*", "mx1.example.org", true), ("*.example.org", "mx1.example.org", true), ("mx?", "mx10", false),
  ])
  func `names without a separator`(pattern: String, name: String, matches: Bool) {
    #expect(Glob(pattern).matches(Array(name.utf8)) == matches)
  }

  @Test(.timeLimit(.minutes(1))) func `a hostile pattern is not slow`() {
    let pattern = String(repeating: "**a", count: 100) + "b"
    #expect(!Glob(pattern, separator: UInt8(ascii: "/")).matches([UInt8](repeating: UInt8(ascii: "a"), count: 4000)))
  }
}
