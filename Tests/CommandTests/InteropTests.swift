import Glibc
import TestSupport
import Testing

@Suite("interoperation")
struct InteropTests {
  @Test("ours is refused while a peer holds the lock, leaves it alone, and gets it afterwards", arguments: Peer.all)
  func peerHolds(peer: Peer) throws {
    let scratch = ScratchDirectory()
    let result = try peer.run(
      """
      under; echo $?; cat told
      dotlock -n spool/box echo in; mboxappend -n spool/box <message; echo $?; ls -A spool
      """,
      inside: """
        exec >told
        if [ -e spool/box.lock ]; then printf '%s ' $(stat -c %a spool/box.lock); cat spool/box.lock; fi >left
        look >before
        for method in \(peer.methods.joined(separator: " ")); do
          dotlock -n -q --method $method spool/box echo overlap; echo $?
          mboxappend -n -q --method $method spool/box <message; echo $?
        done
        look >after; cmp before after && echo untouched
        """, hasty: false, in: scratch)
    let refused = String(repeating: "75\n75\n", count: peer.methods.count)
    #expect(result.output == "0\n\(refused)untouched\nin\n0\nbox\n", "\(result.errors)")
    let left = try scratch.text(of: "left")
    #expect(try Regex(peer.leaves).wholeMatch(in: left) != nil, "\(left)")
  }

  @Test("a peer is refused while ours holds the lock, leaves it alone, and gets it afterwards", arguments: Peer.polite)
  func oursHolds(peer: Peer) throws {
    let scratch = ScratchDirectory()
    try scratch.write(
      ". ./prelude; look >before; under; echo $?; look >after; cmp before after && echo untouched", to: "attempt")
    let result = try peer.run(
      """
      for method in \(peer.methods.joined(separator: " ")); do dotlock --method $method spool/box sh attempt; done
      under; echo $?; cat told; ls -A spool
      """, inside: "echo in >>told", hasty: true, in: scratch)
    let refused = String(repeating: "\(peer.refusal)\nuntouched\n", count: peer.methods.count)
    #expect(result.output == refused + "0\nin\nbox\n", "\(result.errors)")
  }

  @Test("a lock file that ours left is broken when a peer's rule says so, not earlier", arguments: Peer.dotlockers)
  func left(peer: Peer) throws {
    for meeting in peer.meetings {
      let scratch = ScratchDirectory()
      let result = try peer.run(
        """
        echo "\(meeting.process)~w9" >spool/box.lock; touch -d '-\(meeting.age) seconds' spool/box.lock
        look >before; under; echo $?; look >after; cmp -s before after && echo untouched; ls -A spool
        """, inside: "exec >told; cat spool/box.lock", hasty: true, in: scratch)
      let expected = meeting.broken ? "0\nbox\n" : "\(peer.refusal)\nuntouched\nbox\nbox.lock\n"
      #expect(result.output == expected, "\(meeting): \(result.errors)")
      #expect(scratch.names.contains("told") == meeting.broken)
    }
  }

  @Test("procmail's own delivery waits for our fcntl lock")
  func procmailDelivers() throws {
    let scratch = ScratchDirectory()
    let procmail = try #require(Peer.all.first { $0.name == "procmail" })
    try scratch.write(
      """
      { procmail -m MAILDIR="$PWD" DEFAULT=spool/box /dev/null <message; echo $? >end; } &
      until grep -q -- "-> POSIX.*:$(stat -c %i spool/box) " /proc/locks; do sleep 0.01; done
      stat -c %s spool/box
      """, to: "attempt")
    let result = try procmail.run(
      """
      mkfifo end; dotlock --lease 20s --method fcntl spool/box sh attempt; read status <end; echo $status
      cmp -n 20 message spool/box && ls -A spool
      """, inside: "", hasty: false, in: scratch)
    #expect(result.output == "0\n0\nbox\n", "\(result.errors)")
  }
}

extension Peer {
  static let dotlockers = all.filter { $0.methods.contains("dotlock") }

  /// Those that ever wait for a lock file.
  static let polite = all.filter { if case .always = $0.breaking { false } else { true } }

  /// A lock file of ours that the peer finds, and what comes of it.
  struct Meeting {
    /// `$$` lives; no process of Linux ever has the other number.
    let process: String
    let age: Int
    let broken: Bool
  }

  var meetings: [Meeting] {
    let (living, dead) = ("$$", "4194304")
    let margin = 30
    func both(_ age: Int, broken: Bool) -> [Meeting] {
      [living, dead].map { Meeting(process: $0, age: age, broken: broken) }
    }
    return switch breaking {
    case .never: both(3600, broken: false)
    case .after(let age): both(age - margin, broken: false) + both(age + margin, broken: true)
    case .deadProcess:
      [Meeting(process: living, age: 3600, broken: false), Meeting(process: dead, age: 0, broken: true)]
    case .always: both(0, broken: true)
    }
  }
}
