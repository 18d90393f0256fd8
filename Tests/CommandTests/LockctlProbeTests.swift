import Glibc
import TestSupport
import Testing

/// `lockctl probe`. strace(1) makes file systems that lie, refuse or hang out of the one that is there.
struct LockctlProbeTests {
  @Test func `a local directory is safe for every method, and the rule is a policy that is in force there`() throws {
    let scratch = ScratchDirectory()
    let run = try Shell.run("mkdir box && lockctl probe box && ls -A box", in: scratch)
    #expect(run.status == 0 && run.errors == "")
    for trial in ["create", "link", "nameless", "permit", "fcntl", "flock", "apart", "notify", "lease", "times"] {
      #expect(try #require(line(trial, of: run.output)).hasSuffix("  works"))
    }
    for method in ["dotlock", "fcntl", "flock"] {
      #expect(try #require(line(method, of: run.output, after: "method ")).contains("  yes  "))
    }
    #expect(run.output.hasSuffix("    method: dotlock+fcntl\n") && scratch.names == ["box"])

    let rule = try Shell.run(
      """
      sed -n '/^rules:/,$p' >rule.yaml && chmod 600 rule.yaml
      lockctl policy check rule.yaml && lockctl policy explain --policy rule.yaml box/ann
      """, in: scratch, input: Array(run.output.utf8))
    #expect(rule.status == 0 && rule.errors == "")
    let method = try #require(line("method", of: rule.output))
    #expect(method.contains(" dotlock+fcntl ") && method.contains(" rule 1 at rule.yaml:"))
  }

  @Test func `by network rules the rule is about the path, whatever characters are in it`() throws {
    let scratch = ScratchDirectory()
    let run = try Shell.run(
      """
      dir='a*[b]\\ "c"?'; mkdir "$dir"
      \(fault("fstatfs:retval=0")) lockctl probe --json "$dir" >answer; echo $?; ls -A "$dir"
      python3 -m json.tool answer >/dev/null
      python3 -c 'import json; d = json.load(open("answer")); t = d["trials"]
      print(d["local"], d["recommended"], len(d["cautions"]), *d["methods"])
      print(*t); print(t["link"]["fastest"] <= t["link"]["median"], 1 <= t["times"]["resolution"] <= 2e9)
      open("rule.yaml", "w").write(d["rule"])'
      chmod 600 rule.yaml; lockctl policy explain --policy rule.yaml "$dir/ann" | grep -c ' rule 1 at'
      mkdir 'axb "c"d'; lockctl policy explain --policy rule.yaml 'axb "c"d/ann' | grep -c ' rule 1 at'
      """, in: scratch)
    #expect(
      run.output == """
        0
        False ['dotlock'] 1 dotlock fcntl flock
        create link nameless permit fcntl flock apart notify reflink lease times
        True True
        1
        0

        """, "\(run.errors)")
  }

  @Test(
    arguments: [
      ("linkat:error=EPERM", "dotlock", "link fails: Operation not permitted", "fcntl"),
      ("renameat:retval=0", "dotlock", "permit fails: a removed directory took a file", "fcntl"),
      ("flock:retval=0", "flock", "flock fails: two processes have it at once", "dotlock+fcntl"),
      // A lock file whose writer has no fcntl lock would be taken for a dead one's.
      ("fcntl:retval=0", "dotlock", "fcntl fails: two processes have it at once", "flock"),
    ])
  func `a file system that lies or refuses is found out`(fault: String, method: String, why: String, use: String)
    throws
  {
    let scratch = ScratchDirectory()
    let run = try Shell.run("mkdir box && \(self.fault(fault)) lockctl probe box", in: scratch)
    #expect(run.status == 0)
    let verdict = try #require(line(method, of: run.output, after: "method "))
    #expect(verdict.contains("  no    ") && verdict.hasSuffix(why), "\(run)")
    #expect(run.output.hasSuffix("    method: \(use)\n"))
    #expect(run.output.contains("know no other method") == !use.contains("dotlock"))
    let names = try Shell.run("ls -A box", in: scratch)
    #expect(names.output == "")
  }

  @Test func `a lock that hangs is given up, and so is the process that waits for it`() throws {
    let scratch = ScratchDirectory()
    let run = try Shell.run(
      "mkdir box && \(stop("flock")) lockctl probe --deadline 1s box && ls -A box", in: scratch)
    #expect(try #require(line("flock", of: run.output)).hasSuffix("  hangs: no answer within 1s"))
    #expect(line("apart", of: run.output) == nil && line("times", of: run.output) != nil)
    #expect(run.output.contains("\nNote: over NFS a lock hangs when "))
    #expect(run.status == 0 && !run.output.contains(".lockctl-probe"))
  }

  @Test func `where no method is safe there is no rule, and the status says so`() throws {
    let scratch = ScratchDirectory()
    let run = try Shell.run(
      "mkdir box && \(fault("flock,linkat:error=EIO", "fcntl:retval=0")) lockctl probe box", in: scratch)
    #expect(run.status == 69)
    #expect(run.output.hasSuffix("\n\nNo method is safe there: keep mailboxes elsewhere.\n"))
  }

  @Test(arguments: ["TERM", "INT"])
  func `a signal in the middle leaves nothing behind`(signal: String) throws {
    let scratch = ScratchDirectory()
    // A trial is stopped for ever: that is the middle. With -D the program is the shell's own child, and env undoes
    // that shells keep ^C from what is in the background.
    let run = try Shell.run(
      """
      mkdir box
      env --default-signal=INT \(stop("flock")) -D lockctl probe box & probe=$!
      until [ -e box/.lockctl-probe.*/flock ] || ! kill -0 $probe; do sleep 0.01; done
      kill -\(signal) $probe; wait $probe; echo $?; ls -A box
      """, in: scratch)
    #expect(run.output == "75\n")
    #expect(run.errors.hasPrefix("lockctl: box: stopped by signal "))
  }

  @Test func `what cannot be tried is an error with the reason`() throws {
    let scratch = ScratchDirectory()
    func probe(_ words: String) throws -> String {
      let run = try Shell.run("\(words); echo $? >&2", in: scratch)
      #expect(run.output == "" && scratch.names == ["box", "file"])
      #expect(try Shell.run("ls -A box", in: scratch).output == "", "\(words)")
      return run.errors
    }
    _ = try Shell.run("mkdir -m 755 box; : >file; chmod 755 .", in: scratch)
    #expect(
      try probe("lockctl probe missing")
        == "lockctl: missing: cannot open the directory: No such file or directory\n66\n")
    #expect(try probe("lockctl probe file") == "lockctl: file: cannot open the directory: Not a directory\n66\n")
    #expect(
      try probe("\(fault("mkdirat:error=EROFS")) lockctl probe box")
        == "lockctl: box: cannot make files there: Read-only file system\n73\n")
    // Found out in the midst of it: a full disk says nothing about locks.
    #expect(
      try probe("\(fault("linkat:error=ENOSPC")) lockctl probe box")
        == "lockctl: box: cannot make files there: No space left on device\n73\n")
    #expect(
      try probe("\(stop("mkdirat")) lockctl probe --deadline 200ms box")
        == "lockctl: box: does not answer within 200ms\n75\n")
    #expect(
      try probe("\(stop("mkdirat", by: "KILL")) lockctl probe box")
        == "lockctl: box: the trial 'prepare' broke off\n75\n")
    #expect(try probe("lockctl probe ''") == "lockctl: DIR is empty\n64\n")
    #expect(try probe("lockctl probe --deadline 0 box").hasSuffix("\n64\n"))
    try #require(geteuid() == 0, "only root can become somebody else")
    #expect(
      try probe("setpriv --reuid=65534 --clear-groups lockctl probe box")
        == "lockctl: box: cannot make files there: Permission denied\n73\n")
  }

  /// strace(1) with calls that do something else, such as `flock:retval=0`; the other calls are left in peace.
  private func fault(_ faults: String...) -> String {
    let names = faults.map { $0.prefix { $0 != ":" } }.joined(separator: ",")
    return "strace -qqf --seccomp-bpf -o /dev/null -e trace=\(names) "
      + faults.map { "-e inject=\($0)" }.joined(separator: " ")
  }

  /// strace(1) with a call at which a process is stopped, as good as for ever. (By --seccomp-bpf it would go on.)
  private func stop(_ name: String, by signal: String = "STOP") -> String {
    "strace -qqf -o /dev/null -e trace=\(name) -e inject=\(name):signal=\(signal)"
  }

  /// The line that begins with a word, below one that begins with another one.
  private func line(_ word: String, of text: String, after heading: String = "") -> Substring? {
    let lines = text.split(separator: "\n").drop { !$0.hasPrefix(heading) }
    return lines.first { $0.hasPrefix(word + " ") }
  }
}
