import Testing
import TestSupport

/// Programs that read a mailbox under the same locks meanwhile: CPython's mailbox module, and mutt.
@Suite("readers meanwhile", .serialized)
struct ReadersTests {
  /// `reader.py MAILBOX none|once|wait [ENOUGH END]`: every message whole, none twice and none lost again; with ENOUGH, at
  /// least five times, after which that file is made, and until there is the file END.
  private static let reader = """
    import mailbox, os, sys, time

    def names(box):
        for message in box:
            name, lines = message["Subject"], message.get_payload().split("\\n")
            whole = lines[0] == ">From " + name and lines[-2] == "end " + name and len(lines) == 3 + int(message["X-Lines"])
            assert whole, "half of " + name
            yield name

    def read(path, locking):
        box = mailbox.mbox(path, create=False)
        while locking != "none":
            try:
                box.lock()
                break
            except mailbox.ExternalClashError:
                if locking == "once": return print("locked")
                time.sleep(0.001)
        try:
            return list(names(box))
        finally:
            box.close()

    path, locking, *files = sys.argv[1:]
    seen, times, ended = 0, 0, False
    try:
        while not ended:
            # What is read after that must have it all.
            ended = not files or os.path.exists(files[1])
            found = read(path, locking)
            if found is None: sys.exit()
            assert len(set(found)) == len(found) >= seen, "twice, or lost"
            seen, times = len(found), times + 1
            if files and times == 5: open(files[0], "w").close()
        print(seen, "whole")
    except AssertionError as complaint:
        print(complaint)
    """

  private static let tools = """
    message() { # NAME LINES
      printf 'Subject: %s\\nX-Lines: %d\\n\\nFrom %s\\n' $1 $2 $1; yes line | head -n $2; echo end $1
    }
    mutt_copies() { # Whatever mutt sees in Mailbox is in ./copy then.
      rm -f copy
      keys='<tag-pattern>~A<enter><tag-prefix><copy-message>copy<enter><exit>'
      TERM=xterm script -qec "mutt -n -F /dev/null -R -f Mailbox -e 'set confirmcreate=no' -e 'push \\"$keys\\"'" \\
        /dev/null </dev/null >/dev/null
    }
    message first 3 | mboxappend -f first Mailbox

    """

  private func run(
    _ script: String, in scratch: borrowing ScratchDirectory
  ) throws -> (status: Int32, output: String, errors: String) {
    try scratch.write(Self.reader, to: "reader.py")
    return try Shell.run(Self.tools + script, in: scratch)
  }

  @Test(
    "A delivery that is stopped in the middle: who takes no lock sees half a message, who does is kept out",
    arguments: ["dotlock", "fcntl", "dotlock+fcntl"])
  func stopped(method: String) throws {
    let scratch = ScratchDirectory()
    let result = try run(
      """
      message big 1000000 >big
      strace -qq -o trace -P "$PWD/Mailbox" -e trace=write -e inject=write:signal=SIGSTOP:when=2 \\
        mboxappend --method \(method) -f big Mailbox <big & delivery=$!
      until grep -q 'stopped by SIGSTOP' trace 2>/dev/null; do sleep 0.01; done
      python3 reader.py Mailbox none
      python3 reader.py Mailbox once
      kill -CONT $(cat /proc/$delivery/task/$delivery/children); wait $delivery; echo $?
      python3 reader.py Mailbox once
      """, in: scratch)
    #expect(result == (0, "half of big\nlocked\n0\n2 whole\n", ""))
  }

  @Test(
    "Deliveries and a maildir2mbox go on while others read: nobody ever sees half a message",
    arguments: ["dotlock", "fcntl"])
  func meanwhile(method: String) throws {
    let scratch = ScratchDirectory()
    let result = try run(
      """
      go_on() { # Until everybody has read often enough.
        # Who waits in the kernel without a pause would leave nothing to those who ask now and then.
        sleep 0.2; [ ! -e enough.1 ] || [ ! -e enough.2 ]
      }
      deliver() {
        i=0; while go_on; do
          i=$((i + 1)); message $1-$i $((i % 10 * 500)) | mboxappend -f a --method \(method) Mailbox || echo $?
          echo $1-$i >>sent
        done
      }
      move() {
        i=0; mkdir -p M/new M/cur M/tmp; while go_on; do
          i=$((i + 1)); for j in 1 2 3 4 5 6 7 8; do message m$i-$j $((j * 100)) >M/tmp/$i-$j; done
          touch -d '-1 hour' M/tmp/*; mv M/tmp/* M/new; maildir2mbox --method \(method) M Mailbox || echo $?
          echo $i >>moved
        done
      }
      for w in 1 2; do deliver $w & writers="$writers $!"; done; move & writers="$writers $!"
      # mutt first: it tries five times, once a second, and CPython's readers have the lock nearly all the time.
      for i in 1 2; do mutt_copies; python3 reader.py copy none | sed 's/[0-9]* whole/mutt sees them whole/'; done
      for i in 1 2; do python3 reader.py Mailbox wait enough.$i end & readers="$readers $!"; done
      wait $writers; >end; wait $readers
      [ "$(python3 reader.py Mailbox once)" = "$(($(wc -l <sent) + 8 * $(wc -l <moved) + 1)) whole" ] && echo all
      """, in: scratch)
    let counts = try Regex("([0-9]+ whole\n)\\1")
    #expect(
      result.output.replacing(counts, with: "") == "mutt sees them whole\nmutt sees them whole\nall\n"
        && result.output.contains(counts) && result.status == 0 && result.errors.isEmpty,
      "\(result.output)\(result.errors)")
  }
}
