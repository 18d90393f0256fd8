import TestSupport
import Testing

@Suite("lockctl(8) break")
struct LockctlBreakTests {
  @Test(
    "takes away what is stale, after it has said whose it is",
    arguments: [("1~wR", "now"), ("1~pR", "70 seconds ago"), ("1", "20 minutes ago"), ("1~SR", "70 seconds ago")])
  func stale(lock: (content: String, age: String)) throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      "echo '\(lock.content)' >box.lock; touch -d '\(lock.age)' box.lock; lockctl break -o steal.observe=50ms box",
      in: scratch)
    let lines = result.output.split(separator: "\n")
    #expect(result.status == 0 && result.errors == "")
    #expect(
      lines.first?.contains("by another program, process 1 ") == true || lines.first?.contains("by process 1 ") == true)
    #expect(lines.last?.hasPrefix("\(scratch.path)/box.lock: stolen from ") == true)
    #expect(scratch.names == [])
  }

  @Test("refuses a lock that is in use, unless it is forced", arguments: ["1~pR", "1~sR", "1", "1~nR", "1~s-"])
  func inUse(content: String) throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      "echo '\(content)' >box.lock; lockctl break box; echo $?; ls; lockctl break --force box; echo $?; ls", in: scratch
    )
    #expect(result.output.contains("\n69\nbox.lock\n"))
    #expect(result.output.hasSuffix("by an administrator's order\n0\n"))
    #expect(result.errors.contains("/box.lock: is not stale: ") && result.errors.contains("--force"))
  }

  @Test("refuses the lock of a process that lives, however old it is; one that loses it by force is told")
  func alive() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      dotlock box sh -c 'touch -d "1 day ago" box.lock; lockctl break -o steal.observe=0s box >&2; echo $?
      lockctl break --force box >&2; echo $?; ls'; echo $?
      """, in: scratch)
    #expect(result.output == "69\n0\n75\n")
    #expect(result.errors.contains("/box.lock: is held by a process that lives; --force takes it away all the same\n"))
    #expect(result.errors.hasSuffix("/box.lock: is not our lock any more\n"))
    #expect(scratch.names == [])
  }

  @Test("says that only the end of its process takes a kernel's lock away")
  func kernelLockStays() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      dotlock --method dotlock+fcntl box sh -c 'lockctl break --force box | tail -1; echo $PPID'
      dotlock --method dotlock box lockctl break --force box | tail -1
      """, in: scratch)
    let lines = result.output.split(separator: "\n")
    try #require(lines.count == 3, "\(result)")
    let stays = "stays locked by the kernel until process \(lines[1]) (dotlock) ends or lets go of it"
    #expect(lines[0] == "\(scratch.path)/box: \(stays)")
    #expect(lines[2].hasSuffix("by an administrator's order"))
  }

  @Test("spares a stale lock while a process has a kernel lock on the file")
  func kernelLock() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      : >box; echo 1~pR >box.lock; touch -d '1 hour ago' box.lock
      dotlock --method fcntl box lockctl break -o steal.observe=0s box >/dev/null; echo $?; ls
      lockctl break -o steal.observe=0s box >/dev/null; echo $?; ls
      """, in: scratch)
    #expect(result.output == "75\nbox\nbox.lock\n0\nbox\n")
    #expect(result.errors.contains("locked by a living process"))
  }

  @Test("keeps the late writes of whoever lost the lock out of the file")
  func fence() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      echo early >box; echo 1~nR >box.lock; exec 3>>box; before=$(stat -c %i box)
      lockctl break --force box >/dev/null; echo $?; echo late >&3; cat box; [ $(stat -c %i box) = $before ] || echo new
      """, in: scratch)
    #expect(result == (0, "0\nearly\nnew\n", ""))
    #expect(scratch.names == ["box"])
  }

  @Test("never takes away what is no lock file", arguments: ["mkdir box.lock", "mkfifo box.lock", "ln -s x box.lock"])
  func strange(command: String) throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run("\(command); lockctl break --force box; echo $?", in: scratch)
    #expect(result.output.hasSuffix("\n69\n"))
    #expect(result.errors.contains("remove it by hand"))
    #expect(scratch.names == ["box.lock"])
  }

  @Test("of what is free does nothing, and those who wait get what is broken")
  func others() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      lockctl break box; echo $?; echo 1~pR >box.lock
      dotlock --timeout 20s box echo mine & until [ -e box.lock.queue ]; do sleep 0.02; done; lockctl break --force box >/dev/null; echo $?; wait; ls | grep -c 'lock$'
      """, in: scratch)
    let lines = result.output.split(separator: "\n").sorted()
    #expect(lines == ["\(scratch.path)/box: free", "0", "0", "0", "mine"])
  }
}
