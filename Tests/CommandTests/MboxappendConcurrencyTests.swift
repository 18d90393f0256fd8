import TestSupport
import Testing

@Suite("mboxappend(8), many at once", .serialized)
struct MboxappendConcurrencyTests {
  static let methods = ["dotlock", "fcntl", "flock", "dotlock+fcntl", "fcntl+dotlock", "dotlock+fcntl+flock"]

  /// Reads the mailbox with CPython's own reader: every message once, whole, and nothing else.
  private static let reader = """
    import hashlib, mailbox
    seen = set()
    for message in mailbox.mbox("Mailbox", create=False):
        name, body = message["Subject"], message.get_payload()
        lines = body.split("\\n")
        assert name not in seen, name
        assert lines[0] == ">From " + name and lines[-2] == "end " + name, (name, lines[0], lines[-3:])
        assert len(lines) == 3 + int(message["X-Lines"]), name
        seen.add(name)
    print(len(seen))
    """

  @Test(
    "200 deliveries by 8 processes are all there", arguments: methods, ["", "dotlock -o wait.longest=10ms ./Mailbox "])
  func concurrent(method: String, wrapper: String) throws {
    let scratch = ScratchDirectory()
    try scratch.write(Self.reader, to: "reader.py")
    let result = try Shell.run(
      """
      deliver() { # NAME LINES
        { printf 'Subject: %s\\nX-Lines: %d\\n\\nFrom %s\\n' $1 $2 $1; yes line | head -n $2; echo end $1; } |
          \(wrapper)mboxappend -f $1 --method \(method) -o wait.longest=10ms ./Mailbox || echo $?
      }
      for w in 1 2 3 4 5 6 7 8; do (
        for i in $(seq 25); do deliver $w-$i $((w * i * i)); done) &
      done; wait; python3 reader.py; grep -c '^From ' Mailbox
      """, in: scratch)
    #expect(result == (0, "200\n200\n", ""))
    #expect(scratch.names == ["Mailbox", "reader.py"])
  }
}
