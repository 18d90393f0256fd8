import Testing

struct ProgramRunTests {
  @Test func `a program gets its input and environment, and its results come back`() throws {
    let run = try ProgramRun.run(
      "/bin/sh", ["-c", "cat; echo $X >&2; exit 3"], input: Array("mail".utf8), environment: ["X": "y"])
    #expect(run.status == 3)
    #expect(run.output == "mail")
    #expect(run.errors == "y\n")
  }

  @Test func `more than a pipe holds goes both ways`() throws {
    let input = [UInt8](repeating: 0x61, count: 1 << 20)
    let run = try ProgramRun.run("/bin/cat", [], input: input)
    #expect(run.output.utf8.count == input.count)
  }

  @Test func `a program that reads nothing, or dies of a signal, does not hang`() throws {
    #expect(try ProgramRun.run("/bin/true", [], input: [UInt8](repeating: 0, count: 1 << 20)).status == 0)
    #expect(try ProgramRun.run("/bin/sh", ["-c", "kill -9 $$"]).status == 137)
  }
}
