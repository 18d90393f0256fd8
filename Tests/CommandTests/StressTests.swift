import TestSupport
import Testing

@Suite("lockctl(8) stress", .serialized)
struct StressTests {
  @Test(
    "hands the lock over, finds nothing wrong, and leaves nothing behind",
    arguments: [
      "dotlock --rules local", "dotlock --rules network", "dotlock --rules mixed --clock-steps", "fcntl", "flock",
      "dotlock+fcntl",
    ])
  func sound(method: String) throws {
    let scratch = ScratchDirectory()
    let run = try stress("box --method \(method) --seconds 0.3 --hand-overs 10 --workers 4 --json", in: scratch)
    #expect(run.status == 0 && run.errors == "", "\(run)")
    #expect((count("hand-overs", in: run.output) ?? 0) >= 10)
    #expect(scratch.names.isEmpty)
  }

  @Test("finds out a lock that is stolen by its name")
  func naive() throws {
    let scratch = ScratchDirectory()
    let run = try stress("box --naive --seconds 60 --json", in: scratch)
    #expect(run.status == 70 && (count("overlaps", in: run.output) ?? 0) > 0, "\(run)")
    #expect(run.errors.contains("two holders were inside at once"))
    #expect(scratch.names.isEmpty)
  }

  @Test("finds out that the holders of two runs are inside together")
  func strangers() throws {
    let scratch = ScratchDirectory()
    // Whichever finds out ends by itself.
    let run = try Shell.run(
      """
      mkdir out
      start() { lockctl stress box --naive --workers 1 --seconds 60 --lease 60ms --steal-after 60ms >out/$1 2>&1 & }
      start 1; one=$!
      start 2; two=$!
      while kill -0 $one && kill -0 $two; do sleep 0.05; done 2>/dev/null
      kill $one $two 2>/dev/null
      wait; cat out/1 out/2; rm -r out
      """, in: scratch)
    #expect(run.output.contains("lockctl: two holders, of two runs, were inside at once\n"), "\(run)")
    #expect(scratch.names.isEmpty)
  }

  @Test("touches no file that is in use")
  func inUse() throws {
    let scratch = ScratchDirectory()
    try scratch.write("", to: "box")
    let run = try stress("box", in: scratch)
    #expect(run.status == 69 && run.output == "")
    #expect(run.errors == "lockctl: \(scratch.file("box")): is there: a file for this must not be in use\n")
    #expect(scratch.names == ["box"])
  }

  @Test("tells that a disk is full", .enabled(if: canMount, "needs the permission to mount a tmpfs"))
  func fullDisk() throws {
    let scratch = ScratchDirectory()
    let run = try Shell.run(
      """
      mkdir disk; mount -t tmpfs -o size=64k none disk
      head -c 1M /dev/zero >disk/fill 2>/dev/null
      lockctl stress disk/box --seconds 60 --workers 2 >/dev/null; echo $?; ls -A disk; umount disk; rmdir disk
      """, in: scratch)
    #expect(run.output == "73\nfill\n")
    #expect(run.errors == "lockctl: \(scratch.file("disk")): the disk or a quota is full\n")
  }

  private func stress(
    _ words: String, in scratch: borrowing ScratchDirectory
  ) throws -> (status: Int32, output: String, errors: String) {
    try Shell.run("exec lockctl stress \(words)", in: scratch)
  }

  private func count(_ name: String, in json: String) -> Int? {
    let line = json.split(separator: "\n").first { $0.contains("\"\(name)\": ") }
    return line?.split(separator: " ").last.flatMap { Int($0.filter(\.isNumber)) }
  }
}

private let canMount: Bool = {
  let run = try? Shell.run("mkdir d && mount -t tmpfs none d && umount d && rmdir d", in: ScratchDirectory())
  return run?.status == 0
}()
